_base_ = [
    '../_base_/datasets/scene_motion.py', '../_base_/models/dsm.py',
    '../_base_/schedules/dsm_scenes_60e.py', '../_base_/default_runtime.py',
]

# The control: both views show the frames of the anchor, the scene stays.
model = dict(
    _delete_=True, type='MoCo',
    backbone=dict(
        _base_.model.backbone, type='SmallConvNet', dims=3,
        channels=(16, 32, 64), strides=((1, 2, 2), 2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(64, 32)),
    queue_length=48,
    queue_init='uniform',
    temperature=0.07,
    momentum=0.95)
train_dataloader = dict(
    dataset=dict(
        clips=dict(negative='none'),
        views=[dict(_base_.scene_motion_view, num=2)]))
