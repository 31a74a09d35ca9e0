# Clips of frames and their guided views, for Dense-VOS
train_dataloader = dict(
    batch_size=16, num_workers=8, persistent_workers=True, pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='VideoClipDataset', num_frames=5))

# YouTube-VOS and OxUvA
random_clips = [
    dict(type='ClipResizeShortEdge', low=256, high=320),
    dict(type='ClipCrop', size=256),
    dict(type='ClipFlip', prob=0.5),
    dict(type='GuidedView', share=(0.5, 1.0), flip_prob=0.5),
    dict(type='PackClipViews')]
# TrackingNet and Kinetics
middle_clips = [
    dict(type='ClipResizeShortEdge', low=256),
    dict(type='ClipCrop', size=256, random=False),
    dict(type='ClipFlip', prob=0.5),
    dict(type='GuidedView', share=(0.5, 1.0), flip_prob=0.5),
    dict(type='PackClipViews')]
