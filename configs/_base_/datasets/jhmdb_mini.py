# 140 short clips of human actions: lists train.csv and test.csv of videos
data_root = 'data/video_actions/jhmdb/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor', mean=[114.75] * 3, std=[57.375] * 3)

# They have 27 to 40 frames: 8 frames, every second one, span 15 of them.
clips = dict(
    clip_len=8, frame_interval=2, target_fps=None, short_side=56, cache=True)
train_dataloader = dict(
    batch_size=25, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, ann_file='train.csv',
        clips=dict(clips, num_clips=2)))

# four clips of each video, whose features are averaged
whole = [dict(type='CenterView', size=48, num=4)]
bank = dict(
    batch_size=20, num_workers=1, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, ann_file='train.csv',
        with_label=True, views=whole,
        clips=dict(clips, num_clips=4, sampling='uniform', cache=False)))
test_dataloader = dict(
    batch_size=20, num_workers=1, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, ann_file='test.csv',
        with_label=True, views=whole,
        clips=dict(clips, num_clips=4, sampling='uniform', cache=False)))
val_dataloader = test_dataloader
val_cfg = dict(
    type='FeatureValLoop', bank_dataloader=bank, average_views=True)
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank, average_views=True)
val_evaluator = [
    dict(type='VideoRetrievalMetric'), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='VideoRetrievalMetric'), dict(type='LogisticProbeMetric'),
    dict(type='CollapseMetric')]
del bank, whole, clips
