# Drifting textures of three kinds, made up: nothing to download
data_preprocessor = dict(
    type='ViewsDataPreprocessor', mean=[114.75] * 3, std=[57.375] * 3)

clips = dict(clip_len=4, frame_interval=2, target_fps=None, short_side=None)
train_dataloader = dict(
    batch_size=16, num_workers=0, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='TexturedVideos', clips=dict(clips, num_clips=2)))

whole = [dict(type='CenterView', size=24, num=2)]
bank_dataloader = dict(
    batch_size=24, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='TexturedVideos', views=whole,
        clips=dict(clips, num_clips=2, sampling='uniform')))
test_dataloader = dict(
    batch_size=24, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='TexturedVideos', split='test', num_videos=96, views=whole,
        clips=dict(clips, num_clips=2, sampling='uniform')))
val_dataloader = test_dataloader
val_cfg = dict(
    type='FeatureValLoop', bank_dataloader=bank_dataloader,
    average_views=True)
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank_dataloader,
    average_views=True)
val_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='VideoRetrievalMetric'),
    dict(type='CollapseMetric')]
del clips, whole
