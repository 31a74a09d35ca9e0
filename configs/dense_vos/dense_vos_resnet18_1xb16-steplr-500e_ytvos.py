_base_ = [
    '../_base_/models/dense_vos_resnet18.py',
    '../_base_/datasets/video_clips.py', '../_base_/vos/davis2017_val.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/youtube_vos/'
# The release at 6 frames a second
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, img_dir='train/JPEGImages', frame_gap=2,
        pipeline=_base_.random_clips))

train_cfg = dict(type='EpochTrainLoop', max_epochs=500, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='BiasGroupsConstructor',
    optimizer=dict(
        type='Adam', lr=1e-4, betas=(0.5, 0.999), weight_decay=5e-4))
param_scheduler = [dict(type='StepLR', step_size=100, gamma=0.5)]
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    checkpoint=dict(
        interval=10, save_best='davis/J&F', rule='greater',
        max_keep_ckpts=3))
randomness = dict(seed=32)
