# Stage 1 on a folder of scenes: --cfg-options data_root=path/to/pictures/
_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_scenes.py', '../_base_/default_runtime.py',
]

data_root = 'data/tiny_coco/scenes2017/'
model = dict(
    type='BYOL',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(128, 256, 64), last_bias=False),
    head=dict(type='PredictionHead', sizes=(64, 256, 64), last_bias=False),
    momentum=0.97)
view_a = dict(
    _base_.byol_view_a, size=64, interpolation='bilinear', area=(0.2, 1.0),
    blur_sigma=(0.1, 1.0))
view_b = dict(view_a, blur_prob=0.1, solarize_prob=0.2)
train_dataloader = dict(
    batch_size=51, num_workers=1,
    dataset=dict(data_root=data_root, views=[view_a, view_b]))
