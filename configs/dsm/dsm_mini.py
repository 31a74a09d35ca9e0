_base_ = [
    '../_base_/datasets/jhmdb_mini.py', '../_base_/models/dsm.py',
    '../_base_/schedules/dsm_mini_20e.py', '../_base_/default_runtime.py',
]

# Warps are larger than published: a small picture has few whole pixels.
model = dict(
    backbone=dict(type='ResNet3dKinetics', base_channels=8),
    neck=dict(sizes=(64, 32)),
    sld=dict(shift=(20, 40), num=(2, 4)),
    queue_length=75,
    momentum=0.98)
train_dataloader = dict(
    dataset=dict(
        clips=dict(_delete_=True, **_base_.jhmdb_triplet),
        views=[dict(_base_.dsm_small_view, num=3)]))
