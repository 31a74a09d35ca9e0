# Four classes that both have: stills of data/tiny_coco for training, frames
# of data/vod_mini for testing
_base_ = './fcos_toy_mini.py'

model = dict(
    backbone=dict(channels=(24, 48, 96, 128, 128), strides=(2, 2, 2, 2, 1)),
    bbox_head=dict(
        num_classes=4, in_channels=128, feat_channels=128, strides=[16]),
    data_preprocessor=dict(pad_size_divisor=32))
data_root = 'data/tiny_coco/'
# In the order of the files: mmdet numbers classes by it, whatever stands here
metainfo = dict(classes=('person', 'car', 'bird', 'dog'))
train_pipeline = _base_.train_dataloader.dataset.pipeline
train_pipeline[2].scale = (192, 128)
test_pipeline = _base_.test_dataloader.dataset.pipeline
test_pipeline[1].scale = (192, 128)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        metainfo=metainfo, data_root=data_root,
        ann_file='annotations/boxes_scenes2017.json',
        data_prefix=dict(img='scenes2017/'), pipeline=train_pipeline))
video_dataset = dict(
    metainfo=metainfo, data_root='data/vod_mini/',
    ann_file='annotations/vod_train.json', data_prefix=dict(img='frames/'),
    pipeline=train_pipeline)
test_dataloader = dict(
    batch_size=8,
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
train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=30),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=30, end=300,
        eta_min=0.),
]
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=300))
del metainfo, train_pipeline, test_pipeline
