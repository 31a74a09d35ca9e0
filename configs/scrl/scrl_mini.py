# A folder of scenes: --cfg-options data_root=path/to/pictures/
_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/tiny_coco/scenes2017/'
model = dict(
    type='SCRL',
    backbone=dict(type='SmallStemResNet', depth=18, stem='imagenet'),
    neck=dict(type='ProjectionMLP', sizes=(512, 512, 128), last_bias=False),
    head=dict(type='PredictionHead', sizes=(128, 512, 128), last_bias=False),
    stride=32,
    momentum=0.97,
    target_init='copy')
view_a = dict(_base_.scrl_view_a, size=96)
view_b = dict(_base_.scrl_view_b, size=96)
train_dataloader = dict(
    batch_size=51, num_workers=2,
    dataset=dict(
        data_root=data_root,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='MultiView', views=[view_a, view_b]),
            dict(type='MatchedBoxes', min_size=16, num_boxes=10),
            dict(type='PackViews', keys=['boxes'])]))

train_cfg = dict(type='EpochTrainLoop', max_epochs=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 10, end=10, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=20, end=20, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=51)
