_base_ = [
    '../_base_/datasets/jhmdb_mini.py', '../_base_/models/dsm.py',
    '../_base_/schedules/dsm_mini_20e.py', '../_base_/default_runtime.py',
]

# The control: both views show the frames of the anchor, the scene stays.
model = dict(
    _delete_=True, type='MoCo',
    backbone=dict(
        _base_.model.backbone, type='ResNet3dKinetics', base_channels=8),
    neck=dict(type='ProjectionMLP', sizes=(64, 32)),
    queue_length=75,
    queue_init='uniform',
    temperature=0.07,
    momentum=0.98)
train_dataloader = dict(
    dataset=dict(
        clips=dict(_delete_=True, **_base_.jhmdb_triplet, negative='none'),
        views=[dict(_base_.dsm_small_view, num=2)]))
