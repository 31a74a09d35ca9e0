# Persons and cars in pictures of 128 pixels, one stage on the one map of
# SmallConvNet: the short comparison of checkpoints
_base_ = [
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../../_base_/models/fcos_small.py',
    '../../_base_/downstream_runtime.py',
]

data_root = 'data/tiny_coco/'
metainfo = dict(classes=('person', 'car'))
model = dict(
    _scope_='mmdet',
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
        pad_size_divisor=16),
    backbone=dict(
        channels=(16, 32, 64, 128), strides=(2, 2, 2, 2),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    bbox_head=dict(
        num_classes=2, in_channels=128, strides=[16],
        norm_cfg=dict(type='BN', requires_grad=True)),
    test_cfg=dict(score_thr=0.02, max_per_img=100))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomResize', scale=(128, 128), ratio_range=(0.8, 1.6),
        keep_ratio=True),
    dict(
        type='RandomCrop', crop_size=(128, 128), allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')]
# Persons of val2017 are half as large as those of the scenes
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(192, 192), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=(
            'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
train_dataloader = dict(
    batch_size=16, num_workers=1, persistent_workers=True,
    dataset=dict(
        data_root=data_root, metainfo=metainfo,
        ann_file='annotations/boxes_scenes2017.json',
        data_prefix=dict(img='scenes2017/'), pipeline=train_pipeline))
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, pipeline=test_pipeline))
test_dataloader = val_dataloader
# The log has a table of the classes, AP50 beside AP
val_evaluator = dict(
    ann_file=data_root + 'annotations/instances_val2017.json', classwise=True)
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=120, val_interval=120)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=3e-3, weight_decay=1e-4),
    clip_grad=dict(max_norm=10.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=50),
    dict(
        type='CosineAnnealingLR', T_max=120, end=120, eta_min=0.0,
        convert_to_iter_based=True)]
default_hooks = dict(checkpoint=dict(interval=120))
auto_scale_lr = dict(base_batch_size=16)
