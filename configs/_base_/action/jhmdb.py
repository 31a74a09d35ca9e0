# 140 short clips of ten human actions: lists train.csv and test.csv of videos
data_root = 'data/video_actions/jhmdb/'
clip = dict(
    type='mmssl.DecodeClips', clip_len=8, frame_interval=2, target_fps=None,
    short_side=40)
train_pipeline = [
    dict(clip, num_clips=1, cache=True),
    dict(
        type='mmssl.ViewOfImgs', size=32, area=(0.4, 1.0), antialias=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
# 10 clips of a video, three crops of each, as in the published protocols
test_pipeline = [
    dict(clip, num_clips=10, sampling='uniform'),
    dict(type='ThreeCrop', crop_size=40),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=10, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset',
        data_root=data_root, ann_file='train.csv', num_classes=10,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1, num_workers=1, persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmaction', type='mmssl.ActionVideoDataset', test_mode=True,
        data_root=data_root, ann_file='test.csv', num_classes=10,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
del clip
