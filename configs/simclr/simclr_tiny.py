_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16)),
    temperature=0.5)
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.simclr_cifar_view, num=2)]))
