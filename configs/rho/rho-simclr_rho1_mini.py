_base_ = [
    '../_base_/datasets/jhmdb_mini_32.py', '../_base_/views_video.py',
    '../_base_/models/slowonly_narrow.py',
    '../_base_/schedules/rho_mini_25e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR', reduction='sum', joint_views=False,
    joint_projector=False, pairs='consecutive', temperature=0.1,
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 64, 32), bias=False))
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=1),
        views=[dict(_base_.rho_small_view, num=2)]))
