_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='BYOL',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16), last_bias=False),
    head=dict(type='PredictionHead', sizes=(16, 64, 16), last_bias=False),
    momentum=0.9)
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.simclr_cifar_view, num=2)]))
