_base_ = [
    '../_base_/datasets/cifar10.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_10e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)),
    neck=dict(
        type='ProjectionMLP', sizes=(128, 256, 32), last_norm=True),
    temperature=0.5,
    joint_views=False)
train_dataloader = dict(
    batch_size=256, num_workers=1,
    dataset=dict(views=[dict(_base_.wmse_cifar_view, num=2)]))
