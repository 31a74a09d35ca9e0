# Toy shapes: sharp stills for training, spoilt frames for testing; written by
# tools/uda_vod/domain_experiment.py --toy
_base_ = [
    '../../_base_/models/fcos_small.py', '../../_base_/detection_runtime.py',
]

data_root = 'data/toy_shapes/'
metainfo = dict(classes=('disc', 'square', 'triangle'))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(64, 64), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(64, 64), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=(
            'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=16, num_workers=0, persistent_workers=False, drop_last=True,
    sampler=dict(type='mmssl.EpochSampler', shuffle=True),
    dataset=dict(
        type='CocoDataset', metainfo=metainfo, data_root=data_root,
        ann_file='annotations/stills.json', data_prefix=dict(img='stills/'),
        filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline))
video_dataset = dict(  # the upper bound trains on labelled frames
    type='CocoDataset', metainfo=metainfo, data_root=data_root,
    ann_file='annotations/frames_train.json',
    data_prefix=dict(img='frames_train/'),
    filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline)
test_dataloader = dict(
    batch_size=16, num_workers=0, persistent_workers=False,
    sampler=dict(type='mmssl.EpochSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset', metainfo=metainfo, data_root=data_root,
        ann_file='annotations/frames_test.json',
        data_prefix=dict(img='frames_test/'), test_mode=True,
        pipeline=test_pipeline))
val_dataloader = test_dataloader
test_evaluator = [
    dict(type='mmssl.VideoObjectsMetric', eval_mode='area'),
    dict(
        type='CocoMetric', metric='bbox',
        ann_file=data_root + 'annotations/frames_test.json'),
]
val_evaluator = test_evaluator

train_cfg = dict(
    type='mmssl.IterTrainLoop', max_iters=500, val_interval=500)
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3),
    clip_grad=dict(max_norm=10.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=30),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=30, end=500,
        eta_min=0.),
]
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(checkpoint=dict(interval=500))
del metainfo, train_pipeline, test_pipeline
