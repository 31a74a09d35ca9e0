_base_ = [
    '../_base_/datasets/imagenet100.py', '../_base_/views_image.py',
    '../_base_/models/wmse_resnet18.py',
    '../_base_/schedules/wmse_adam_240e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(stem='imagenet'),
    neck=dict(sizes=(512, 1024, 128)),
    w_size=256)

train_dataloader = dict(
    batch_size=512,
    dataset=dict(views=[dict(_base_.wmse_imagenet_view, num=2)]))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
auto_scale_lr = dict(base_batch_size=512)
