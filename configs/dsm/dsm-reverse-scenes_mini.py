_base_ = [
    '../_base_/datasets/scene_motion.py', '../_base_/models/dsm.py',
    '../_base_/schedules/dsm_scenes_60e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        type='SmallConvNet', dims=3, channels=(16, 32, 64),
        strides=((1, 2, 2), 2, 2)),
    neck=dict(sizes=(64, 32)),
    sld=dict(center=(20, 200), shift=(30, 60), num=(2, 4)),
    queue_length=48,
    momentum=0.95)
# The negative shows the anchor's frames backwards: the same scene and squares,
# in the opposite movement.
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='SceneMotionVideos', split='train', size=20,
        frames=96, changing=True,
        pipeline=[
            dict(
                type='LoadTriplet', clip_len=8, frame_interval=1,
                negative='same', short_side=None),
            dict(type='TemporalEdit', mode='reverse'),
            dict(
                type='MultiView',
                views=[dict(_base_.scene_motion_view, num=3)]),
            dict(type='PackViews')]))
