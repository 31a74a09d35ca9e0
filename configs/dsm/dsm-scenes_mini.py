_base_ = [
    '../_base_/datasets/scene_motion.py', '../_base_/models/dsm.py',
    '../_base_/schedules/dsm_scenes_30e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(type='ResNet3dKinetics', base_channels=8),
    neck=dict(sizes=(64, 32)),
    sld=dict(center=(20, 200), shift=(30, 60), num=(2, 4)),
    queue_length=192,
    momentum=0.98)
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.scene_motion_view, num=3)]))
