_base_ = [
    '../_base_/models/dense_vos_resnet18.py',
    '../_base_/datasets/video_clips.py', '../_base_/vos/davis2017_val.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/trackingnet/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, frame_gap=10, pipeline=_base_.middle_clips))

train_cfg = dict(type='EpochTrainLoop', max_epochs=250, val_interval=2)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='BiasGroupsConstructor',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4))
param_scheduler = [dict(type='StepLR', step_size=20, gamma=0.9)]
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    checkpoint=dict(
        interval=2, save_best='davis/J&F', rule='greater',
        max_keep_ckpts=3))
randomness = dict(seed=32)
