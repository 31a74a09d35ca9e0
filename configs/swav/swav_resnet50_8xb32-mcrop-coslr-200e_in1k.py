_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/default_runtime.py',
]

max_epochs = 200
model = dict(
    type='SwAV',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), zero_init_residual=True),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 128),
        norm_cfg=dict(type='SyncBN')),
    head=dict(type='PrototypeHead', embed_dim=128, num_prototypes=3000),
    num_crops=(2, 6),
    temperature=0.1,
    epsilon=0.05,
    num_iters=3,
    queue_length=3840,
    queue_start=15 / max_epochs)

train_dataloader = dict(
    batch_size=32,
    dataset=dict(views=[_base_.swav_global_view, _base_.swav_local_view]))

train_cfg = dict(type='EpochTrainLoop', max_epochs=max_epochs)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(  # biases and norms are decayed and scaled too
        type='LARS', lr=0.6, momentum=0.9, weight_decay=1e-6, adapt_1d=True))
param_scheduler = [
    dict(
        type='CosineAnnealingLR', T_max=max_epochs, end=max_epochs,
        eta_min=6e-4, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=256)
custom_hooks = [dict(type='FreezeHook', names=('head.', ), end=1)]
