# Generated videos, whose class is the scene behind a moving disc: nothing to
# download
train_dataloader = dict(
    batch_size=8, num_workers=0, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        type='SceneMotionVideos', split='train', per_pair=3, label='scene',
        pipeline=[
            dict(
                type='LoadClips', num_clips=1, clip_len=8, frame_interval=2,
                target_fps=None),
            dict(type='ClipsToImgs'),
            dict(type='mmaction.FormatShape', input_format='NCTHW'),
            dict(type='mmaction.PackActionInputs')]))
test_dataloader = dict(
    batch_size=8, num_workers=0,
    sampler=dict(type='EpochSampler', shuffle=False),
    dataset=dict(
        type='SceneMotionVideos', split='test', per_pair=1, label='scene',
        pipeline=[
            dict(
                type='LoadClips', num_clips=2, clip_len=8, frame_interval=2,
                target_fps=None, sampling='uniform'),
            dict(type='ClipsToImgs'),
            dict(type='mmaction.FormatShape', input_format='NCTHW'),
            dict(type='mmaction.PackActionInputs')]))
val_dataloader = test_dataloader
