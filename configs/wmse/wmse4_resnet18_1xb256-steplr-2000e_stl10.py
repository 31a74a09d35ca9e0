_base_ = [
    '../_base_/datasets/stl10.py', '../_base_/views_image.py',
    '../_base_/models/wmse_resnet18.py',
    '../_base_/schedules/wmse_adam_2000e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(stem='small'),
    neck=dict(sizes=(512, 1024, 128)),
    w_size=256)

train_dataloader = dict(
    batch_size=256,
    dataset=dict(views=[dict(_base_.wmse_stl10_view, num=4)]))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
auto_scale_lr = dict(base_batch_size=256)
