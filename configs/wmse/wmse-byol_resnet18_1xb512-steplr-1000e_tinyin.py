_base_ = [
    '../_base_/datasets/tiny_imagenet.py', '../_base_/views_image.py',
    '../_base_/models/wmse_byol_resnet18.py',
    '../_base_/schedules/wmse_adam_1000e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(stem='small'),
    neck=dict(sizes=(512, 1024, 128)),
    head=dict(sizes=(128, 1024, 128)))

train_dataloader = dict(
    batch_size=512,
    dataset=dict(views=[dict(_base_.wmse_tiny_imagenet_view, num=2)]))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
# the momentum is constant inside an epoch
default_hooks = dict(momentum=dict(by_epoch=True))
auto_scale_lr = dict(base_batch_size=512)
