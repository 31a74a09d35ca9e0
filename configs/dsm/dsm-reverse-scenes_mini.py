_base_ = 'dsm-scenes_mini.py'

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
