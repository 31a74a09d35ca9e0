# A folder of scenes: --cfg-options data_root=path/to/pictures/
_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_scenes.py', '../_base_/default_runtime.py',
]

# 64 pixels, 4 x 4 cells, boxes of at least one cell
data_root = 'data/tiny_coco/scenes2017/'
model = dict(
    type='SCRL',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(128, 256, 64), last_bias=False),
    head=dict(type='PredictionHead', sizes=(64, 256, 64), last_bias=False),
    stride=16,
    momentum=0.97,
    target_init='copy')
view_a = dict(_base_.scrl_view_a, size=64)
view_b = dict(_base_.scrl_view_b, size=64)
train_dataloader = dict(
    batch_size=51, num_workers=1,
    dataset=dict(
        data_root=data_root,
        pipeline=[
            dict(type='LoadImage'),
            dict(type='MultiView', views=[view_a, view_b]),
            dict(type='MatchedBoxes', min_size=16, num_boxes=10),
            dict(type='PackViews', keys=['boxes'])]))
