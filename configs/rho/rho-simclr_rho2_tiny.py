_base_ = [
    '../_base_/datasets/textured_videos.py', '../_base_/views_video.py',
    '../_base_/models/slowonly_narrow.py',
    '../_base_/schedules/rho_tiny_20e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR', reduction='sum', sequential=True, joint_views=False,
    joint_projector=False, pairs='consecutive', temperature=0.1,
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 64, 32), bias=False))
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=2),
        views=[dict(_base_.rho_tiny_view, num=2)]))
