# Clips of the 240,000 training videos of Kinetics-400.  The list has lines
# "abseiling/abc_000001_000011.mp4 0", as mmaction2's.
data_root = 'data/kinetics400/videos_train/'
val_root = 'data/kinetics400/videos_val/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor', mean=[114.75] * 3, std=[57.375] * 3)

train_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True, pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root,
        ann_file='../kinetics400_train_list_videos.txt',
        clips=dict(
            num_clips=2, clip_len=8, frame_interval=8, target_fps=30.0,
            short_side=256)))

# Nearest neighbours by the middle clip of each video
middle = [dict(type='CenterView', size=224, antialias=False)]
bank_dataloader = dict(
    batch_size=32, num_workers=8, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, views=middle, with_label=True,
        ann_file='../kinetics400_train_list_videos.txt',
        clips=dict(num_clips=1, sampling='uniform')))
test_dataloader = dict(
    batch_size=32, num_workers=8, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=val_root, views=middle, with_label=True,
        ann_file='../kinetics400_val_list_videos.txt',
        clips=dict(num_clips=1, sampling='uniform')))
test_cfg = dict(
    type='FeatureTestLoop', stage='neck', bank_dataloader=bank_dataloader)
test_evaluator = [
    dict(
        type='KNNMetric', k=200, distance='cosine', weights='exp',
        temperature=0.1),
    dict(type='CollapseMetric')]
