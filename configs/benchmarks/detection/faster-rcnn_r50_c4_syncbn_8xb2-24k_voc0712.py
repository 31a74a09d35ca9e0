# VOC trainval07+12 -> test2007: 24,000 steps, short side 480 to 800
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py',
    'mmdet::_base_/datasets/voc0712.py',
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
            norm_cfg=norm, init_cfg=weights),
        bbox_head=dict(num_classes=20)))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomChoiceResize', keep_ratio=True,
        scales=[(1333, side) for side in range(480, 801, 32)]),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=(
            'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
data_root = 'data/VOCdevkit/'
parts = [
    dict(
        type='VOCDataset', data_root=data_root,
        ann_file=f'VOC{year}/ImageSets/Main/trainval.txt',
        data_prefix=dict(sub_data_root=f'VOC{year}/'),
        filter_cfg=dict(filter_empty_gt=True, min_size=32, bbox_min_size=32),
        pipeline=train_pipeline) for year in (2007, 2012)]
train_dataloader = dict(
    sampler=_base_.sampler,
    dataset=dict(
        _delete_=True, _scope_='mmdet', type='ConcatDataset',
        ignore_keys=['dataset_type'], datasets=parts))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
# AP50, AP and AP75 are published; mmdet's VOCMetric takes the mean of them
val_evaluator = dict(
    iou_thrs=[0.5 + 0.05 * i for i in range(10)], eval_mode='area')
test_evaluator = val_evaluator
train_cfg = dict(max_iters=24000, val_interval=24000)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, end=100),
    dict(
        type='MultiStepLR', by_epoch=False, milestones=[18000, 22000],
        end=24000)]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=8000))
log_processor = dict(by_epoch=False)
