_base_ = [
    '../_base_/datasets/cifar10.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_20e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='WMSE',
    backbone=dict(type='SmallConvNet', channels=(16, 32, 64, 128)),
    neck=dict(type='ProjectionMLP', sizes=(128, 256, 32)),
    w_size=64)
train_dataloader = dict(
    batch_size=256, num_workers=1,
    dataset=dict(views=[dict(_base_.wmse_cifar_view, num=2)]))
