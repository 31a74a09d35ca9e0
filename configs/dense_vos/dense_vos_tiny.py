# Stride 4: maps of 16 x 16 cells, as on smaller ones place says too much
_base_ = [
    '../_base_/models/dense_vos_resnet18.py',
    '../_base_/datasets/moving_shapes.py', '../_base_/schedules/tiny_4e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(base_channels=12, stem_channels=12, strides=(1, 1, 1, 1)),
    neck=dict(sizes=(96, 96, 64)),
    grid=4,
    ref_grid=2)
train_dataloader = dict(dataset=dict(num_videos=80))
optim_wrapper = dict(
    constructor='BiasGroupsConstructor',
    optimizer=dict(lr=1e-3, betas=(0.5, 0.999), weight_decay=5e-4))
param_scheduler = []
auto_scale_lr = dict(base_batch_size=4)
