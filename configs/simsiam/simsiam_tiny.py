_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimSiam',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(
        type='ProjectionMLP', sizes=(64, 64, 64), bias=False,
        last_bias=False, last_norm=True, last_affine=False),
    head=dict(type='PredictionHead', sizes=(64, 16, 64), bias=False))
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.simclr_cifar_view, num=2)]))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.': dict(fix_lr=True)}))
custom_hooks = [dict(type='FixedLRHook')]
