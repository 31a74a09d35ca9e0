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
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.scene_motion_view, num=3)]))
