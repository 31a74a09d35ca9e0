_base_ = [
    '../_base_/datasets/cifar10.py', '../_base_/views_image.py',
    '../_base_/schedules/mini_10e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimSiam',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)),
    neck=dict(
        type='ProjectionMLP', sizes=(128, 256, 256), bias=False,
        last_bias=False, last_norm=True, last_affine=False),
    head=dict(type='PredictionHead', sizes=(256, 64, 256), bias=False))
train_dataloader = dict(
    batch_size=256, num_workers=1,
    dataset=dict(views=[dict(_base_.simclr_cifar_view, num=2)]))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.': dict(fix_lr=True)}))
custom_hooks = [dict(type='FixedLRHook')]
