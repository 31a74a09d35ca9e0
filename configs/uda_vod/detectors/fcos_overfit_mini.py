# Proof of the small detector: 16 stills that it shall know by heart
_base_ = './fcos_small_mini.py'

train_dataloader = dict(dataset=dict(indices=16, filter_cfg=None))
test_dataloader = dict(
    dataset=dict(
        data_root='data/tiny_coco/', indices=16,
        ann_file='annotations/boxes_scenes2017.json',
        data_prefix=dict(img='scenes2017/')))
val_dataloader = test_dataloader
test_evaluator = [
    dict(type='mmssl.VideoObjectsMetric', eval_mode='area')]
val_evaluator = test_evaluator
train_cfg = dict(max_iters=300, val_interval=300)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=30),
    dict(
        type='CosineAnnealingLR', by_epoch=False, begin=30, end=300,
        eta_min=0.),
]
