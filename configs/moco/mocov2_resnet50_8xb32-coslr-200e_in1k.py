_base_ = [
    '../_base_/views_image.py', '../_base_/datasets/imagenet.py',
    '../_base_/default_runtime.py',
]

max_epochs = 200
model = dict(
    type='MoCo',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        zero_init_residual=False),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 128), norm_cfg=None),
    queue_length=65536,
    temperature=0.2,
    momentum=0.999)

train_dataloader = dict(
    batch_size=32, dataset=dict(views=[dict(_base_.moco_v2_view, num=2)]))

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=max_epochs, end=max_epochs),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs)
auto_scale_lr = dict(base_batch_size=256)
