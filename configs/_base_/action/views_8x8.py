# Clips of 8 frames at interval 8: 224 pixels in training, one centre clip in
# validation, 10 clips x 3 crops of 256 pixels in testing
train_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=8, frame_interval=8,
        short_side=None),
    dict(type='RandomRescale', scale_range=(256, 320)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
val_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=8, frame_interval=8,
        sampling='offset', short_side=256),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
test_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=10, clip_len=8, frame_interval=8,
        sampling='uniform', short_side=256),
    dict(type='ThreeCrop', crop_size=256),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset', test_mode=True,
        pipeline=val_pipeline))
test_dataloader = dict(
    batch_size=1, num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset', test_mode=True,
        pipeline=test_pipeline))
