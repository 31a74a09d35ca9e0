_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='MoCo',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16), norm_cfg=None),
    queue_length=512,
    momentum=0.99)
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.simclr_cifar_view, num=2)]))
# longer than others: the first epochs meet easy, random negatives
train_cfg = dict(max_epochs=12, val_interval=12)
