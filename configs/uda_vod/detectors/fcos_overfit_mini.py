# Proof of the small detector: the first 16 stills with a box, which it shall
# know by heart
_base_ = './fcos_small_mini.py'

train_pipeline = _base_.train_dataloader.dataset.pipeline
train_pipeline[3] = dict(type='Resize', scale=(192, 144), keep_ratio=True)
test_pipeline = _base_.test_dataloader.dataset.pipeline
test_pipeline.insert(3, train_pipeline[2])  # the boxes it is trained on
train_dataloader = dict(dataset=dict(indices=16, pipeline=train_pipeline))
test_dataloader = dict(
    dataset=dict(
        data_root='data/tiny_coco/', indices=16,
        ann_file='annotations/boxes_scenes2017.json',
        data_prefix=dict(img='scenes2017/'),
        # only so does mmdet leave out stills without a box
        test_mode=False, filter_cfg=dict(filter_empty_gt=True),
        pipeline=test_pipeline))
val_dataloader = test_dataloader
test_evaluator = [
    dict(type='mmssl.VideoObjectsMetric', eval_mode='area')]
val_evaluator = test_evaluator
train_cfg = dict(max_iters=600, val_interval=600)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=30),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=30, end=600,
        eta_min=0.),
]
default_hooks = dict(checkpoint=dict(interval=600))
del train_pipeline, test_pipeline
