# CMD's fine-tuning: 16 frames, every fourth one, of 112 pixels; in testing 10
# clips at the middles of equal parts, the centre of each
_base_ = ['mmaction::_base_/models/slowonly_r50.py', 'runtime.py']

model = dict(
    cls_head=dict(dropout_ratio=0.3),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]))
train_pipeline = [
    dict(
        type='mmssl.DecodeStrided', num_clips=1, clip_len=16,
        frame_interval=4, short_side=None),
    dict(type='mmssl.TurnImgs', degrees=10.0),
    dict(
        type='mmssl.ViewOfImgs', size=112, area=(0.2, 1.0), antialias=False,
        flip_prob=0.5, blur_prob=0.5, jitter=(0.4, 0.4, 0.4, 0.1),
        jitter_prob=0.5, order=(
            'crop', 'flip', 'blur', 'jitter', 'gray', 'solarize')),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
test_pipeline = [
    dict(
        type='mmssl.DecodeStrided', num_clips=10, clip_len=16,
        frame_interval=4, sampling='uniform', short_side=128),
    dict(type='CenterCrop', crop_size=112),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset',
        data_root='data/ucf101/videos/', num_classes=101,
        ann_file='../ucf101_train_split_1_videos.txt',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset', test_mode=True,
        data_root='data/ucf101/videos/', num_classes=101,
        ann_file='../ucf101_val_split_1_videos.txt',
        pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(type='EpochTrainLoop', max_epochs=120, val_interval=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=8e-4, momentum=0.9, nesterov=True,
        weight_decay=0.003))
# The rate of epoch e, from 1, is that of the cosine at e - 10.
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.04, begin=0, end=10,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=110, eta_min=1e-6, begin=9, end=120)]
auto_scale_lr = dict(base_batch_size=8)
