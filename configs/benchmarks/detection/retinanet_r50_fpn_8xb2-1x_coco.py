_base_ = [
    'mmdet::_base_/models/retinanet_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../../_base_/detection/iterations.py',
    '../../_base_/detection/coco_multiscale.py',
    '../../_base_/downstream_runtime.py',
]

norm = dict(type='SyncBN', requires_grad=True)
model = dict(
    backbone=dict(
        frozen_stages=-1, norm_cfg=norm, norm_eval=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    neck=dict(norm_cfg=norm))
train_dataloader = dict(
    sampler=_base_.sampler,
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            _base_.short_sides,
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs')]))
optim_wrapper = dict(optimizer=dict(lr=0.01))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=10000))
log_processor = dict(by_epoch=False)
