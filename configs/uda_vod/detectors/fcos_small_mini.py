# Four classes that both have: stills of data/tiny_coco for training, frames
# of data/vod_mini for testing
_base_ = './fcos_toy_mini.py'

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet', depth=18, base_channels=16,
        stem_channels=16, out_indices=(1, 2, 3), frozen_stages=-1,
        norm_eval=False, style='pytorch'),
    neck=dict(
        _delete_=True, type='FPN', in_channels=[32, 64, 128],
        out_channels=64, num_outs=3),
    bbox_head=dict(
        num_classes=4, strides=[8, 16, 32],
        regress_ranges=((-1, 32), (32, 80), (80, 1e8))),
    data_preprocessor=dict(pad_size_divisor=32))
data_root = 'data/tiny_coco/'
# In the order of the files: mmdet numbers classes by it, whatever stands here
metainfo = dict(classes=('person', 'car', 'bird', 'dog'))
# Stills of 480 x 320 pixels are scaled to 192 x 128, so that 20 pixels become
# one cell of the finest map; the boxes of the frames are larger.  0: all boxes
least_side = 20
train_pipeline = _base_.train_dataloader.dataset.pipeline
train_pipeline[2] = dict(
    type='RandomResize', scale=(192, 144), ratio_range=(0.8, 1.2),
    keep_ratio=True)
train_pipeline.insert(
    2,
    dict(
        type='FilterAnnotations', min_gt_bbox_wh=(least_side, least_side),
        keep_empty=False))
test_pipeline = _base_.test_dataloader.dataset.pipeline
test_pipeline[1].scale = (192, 144)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        metainfo=metainfo, data_root=data_root,
        ann_file='annotations/boxes_scenes2017.json',
        data_prefix=dict(img='scenes2017/'), pipeline=train_pipeline))
video_dataset = dict(
    metainfo=metainfo, data_root='data/vod_mini/',
    ann_file='annotations/vod_train.json', data_prefix=dict(img='frames/'),
    pipeline=train_pipeline)
test_dataloader = dict(
    batch_size=4,
    dataset=dict(
        metainfo=metainfo, data_root='data/vod_mini/',
        ann_file='annotations/vod_val.json', data_prefix=dict(img='frames/'),
        pipeline=test_pipeline))
val_dataloader = test_dataloader
test_evaluator = [
    dict(type='mmssl.VideoObjectsMetric', eval_mode='area'),
    dict(
        type='CocoMetric', metric='bbox',
        ann_file='data/vod_mini/annotations/vod_val.json'),
]
val_evaluator = test_evaluator
train_cfg = dict(max_iters=1600, val_interval=1600)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=30),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=30, end=1600,
        eta_min=0.),
]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(checkpoint=dict(interval=1600))
del metainfo, train_pipeline, test_pipeline
