_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

# 32 pixels, 4 x 4 cells, boxes of at least one cell
model = dict(
    type='SCRL',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16), last_bias=False),
    head=dict(type='PredictionHead', sizes=(16, 64, 16), last_bias=False),
    stride=8,
    momentum=0.9,
    target_init='copy')
view = dict(_base_.simclr_cifar_view, num=2, area=(0.2, 1.0))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(type='MultiView', views=[view]),
            dict(type='MatchedBoxes', min_size=8, num_boxes=4),
            dict(type='PackViews', keys=['boxes'])]))
