# Three sequences of DAVIS without labels, a quarter of ResNet-18's channels
_base_ = [
    '../_base_/models/dense_vos_resnet18.py',
    '../_base_/datasets/video_clips.py', '../_base_/vos/davis_mini.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/davis_mini/'
model = dict(
    backbone=dict(base_channels=16, stem_channels=16),
    neck=dict(sizes=(128, 128, 64)),
    grid=5,
    ref_grid=5)
# 20 x 20 cells, an anchor in four as published
clips = [
    dict(type='ClipResizeShortEdge', low=160, high=200),
    dict(type='ClipCrop', size=160),
    dict(type='ClipFlip', prob=0.5),
    dict(type='GuidedView', share=(0.5, 1.0), flip_prob=0.5),
    dict(type='PackClipViews')]
train_dataloader = dict(
    batch_size=4, num_workers=1,
    dataset=dict(
        data_root=data_root, img_dir='JPEGImages/480p',
        list_file='ImageSets/2017/train.txt', num_frames=3, frame_gap=4,
        clips_per_video=40, pipeline=clips))

train_cfg = dict(type='EpochTrainLoop', max_epochs=8)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='BiasGroupsConstructor',
    optimizer=dict(
        type='Adam', lr=1e-3, betas=(0.5, 0.999), weight_decay=5e-4))
param_scheduler = [dict(type='StepLR', step_size=6, gamma=0.3)]
auto_scale_lr = dict(base_batch_size=4)
