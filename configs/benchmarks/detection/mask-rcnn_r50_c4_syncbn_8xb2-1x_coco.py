# The C4 detector of MoCo: nothing frozen, SyncBN everywhere, one more norm
# behind the fifth stage.  That stage, too, starts from the checkpoint.
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50-caffe-c4.py',
    'mmdet::_base_/datasets/coco_instance.py',
    '../../_base_/detection/iterations.py',
    '../../_base_/detection/coco_multiscale.py',
    '../../_base_/downstream_runtime.py',
]

norm = dict(type='SyncBN', requires_grad=True)
weights = dict(type='Pretrained', checkpoint=None, prefix='backbone.')
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(
        frozen_stages=-1, norm_cfg=norm, norm_eval=False, style='pytorch',
        init_cfg=weights),
    roi_head=dict(
        shared_head=dict(
            _delete_=True, type='mmssl.ResLayerExtraNorm', depth=50,
            norm_cfg=norm, init_cfg=weights)))
train_dataloader = dict(
    sampler=_base_.sampler,
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
            _base_.short_sides,
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs')]))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
log_processor = dict(by_epoch=False)
