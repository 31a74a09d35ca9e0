# Split 1 of UCF101: triplets of the 9537 training videos, and retrieval of
# the test videos among them by the mean feature of ten clips
data_root = 'data/ucf101/'
# One view: a small turn, scale, a square, one change of the colours.
dsm_view = dict(
    type='TurnedView', size=224, resize=256, degrees=10.0,
    jitter=(0.5, 0.5, 0.25, 0.5))
dsm_view_112 = dict(dsm_view, size=112, resize=128)
center = [dict(type='CenterView', num=10, size=224, resize=256)]
center_112 = [dict(type='CenterView', num=10, size=112, resize=128)]

train_list = 'ucf101_train_split_1_videos.txt'
train_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True, pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, ann_file=train_list,
        clips=dict(
            type='LoadTriplet', clip_len=16, frame_interval=4,
            short_side=256)))

ten = dict(
    num_clips=10, clip_len=16, frame_interval=4, target_fps=None,
    short_side=256, sampling='uniform')
bank = dict(
    batch_size=4, num_workers=8, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, ann_file=train_list,
        with_label=True, clips=ten, views=center))
test_dataloader = dict(
    batch_size=4, num_workers=8, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', data_root=data_root, with_label=True, clips=ten,
        views=center, ann_file='ucf101_val_split_1_videos.txt'))
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank, average_views=True)
test_evaluator = [
    dict(type='VideoRetrievalMetric'), dict(type='CollapseMetric')]
del bank, ten
