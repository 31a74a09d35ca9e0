_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SwAV',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16)),
    head=dict(type='PrototypeHead', embed_dim=16, num_prototypes=30),
    num_crops=(2, 2),
    queue_length=256,
    queue_start=1 / 4)
large = dict(_base_.simclr_cifar_view, num=2, area=(0.2, 1.0))
small = dict(large, size=16, area=(0.05, 0.2))
train_dataloader = dict(dataset=dict(views=[large, small]))
custom_hooks = [dict(type='FreezeHook', names=('head.', ), end=1)]
