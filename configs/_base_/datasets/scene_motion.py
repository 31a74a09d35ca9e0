# Drawn videos of six scenes times four movements; the label is the movement.
# The drawn colours are few: stronger jitter than this hides what they show.
data_preprocessor = dict(
    type='ViewsDataPreprocessor', mean=[128.0] * 3, std=[64.0] * 3)

scene_motion_view = dict(
    type='TurnedView', size=16, resize=20, degrees=5.0,
    jitter=(0.2, 0.2, 0.2, 0.05))
train_dataloader = dict(
    batch_size=24, num_workers=0, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='SceneMotionVideos', split='train', size=20, frames=96,
        changing=True,
        clips=dict(
            type='LoadTriplet', clip_len=8, frame_interval=1,
            short_side=None)))

whole = dict(
    num_clips=2, clip_len=8, frame_interval=1, target_fps=None,
    short_side=None, sampling='uniform')
bank = dict(
    batch_size=48, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='SceneMotionVideos', split='train', label='movement', size=20,
        frames=96, clips=whole, views=[dict(type='CenterView', num=2)]))
test_dataloader = dict(
    batch_size=48, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='SceneMotionVideos', split='test', label='movement', size=20,
        frames=96, clips=whole, views=[dict(type='CenterView', num=2)]))
val_dataloader = test_dataloader
val_cfg = dict(
    type='FeatureValLoop', bank_dataloader=bank, average_views=True)
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank, average_views=True)
val_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LogisticProbeMetric'),
    dict(type='CollapseMetric')]
test_evaluator = val_evaluator
del bank, whole
