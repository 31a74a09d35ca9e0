_base_ = [
    '../_base_/datasets/cifar10.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_10e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='WMSE',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(128, 256, 32)),
    w_size=64)
train_dataloader = dict(
    batch_size=128, num_workers=1,
    dataset=dict(views=[dict(_base_.wmse_cifar_view, num=4)]))
auto_scale_lr = dict(base_batch_size=128)
