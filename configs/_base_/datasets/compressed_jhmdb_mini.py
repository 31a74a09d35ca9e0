# J-HMDB's clips of 27 to 40 frames: MPEG-4 Part 2 with an I-frame every 12
# frames and no B-frames already, so pictures, motion and I-frames come from
# one decode. 8 frames at stride 2, one between, 4 of the future: 20 frames.
data_root = 'data/video_actions/jhmdb/'
sample = dict(
    type='CompressedClipSample', clip_len=8, stride=2, interval=1,
    future_len=4, neg_num=3, gap=0, iframe_margin=5)
train_dataloader = dict(
    batch_size=16, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='CompressedVideoDataset', data_root=data_root,
        ann_file='train.csv',
        pipeline=[
            sample, dict(type='PyAVCompressedDecode'),
            # Little augmentation, as there is little time
            dict(type='CompressedViews', view=dict(
                size=32, area=(0.6, 1.0), log_ratio=False,
                flip_prob=0.0))]))
# Retrieval: test videos ask, training videos answer; 10 clips of each
clips = dict(
    num_clips=10, clip_len=8, frame_interval=2, target_fps=None,
    sampling='uniform', short_side=40)
views = [dict(type='CenterView', size=32, num=10)]
test_dataloader = dict(
    batch_size=10, num_workers=1, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', with_label=True, data_root=data_root,
        ann_file='test.csv', clips=clips, views=views))
bank = dict(
    batch_size=10, num_workers=1, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='VideoList', with_label=True, data_root=data_root,
        ann_file='train.csv', clips=clips, views=views))
test_cfg = dict(
    type='FeatureTestLoop', average_views=True, bank_dataloader=bank)
test_evaluator = [dict(type='VideoRetrievalMetric', topk=(1, 5, 10))]
val_dataloader = test_dataloader
val_cfg = dict(
    type='FeatureValLoop', average_views=True, bank_dataloader=bank)
val_evaluator = test_evaluator
del clips, views, bank, sample
