_base_ = [
    '../_base_/datasets/jhmdb_mini_32.py', '../_base_/views_video.py',
    '../_base_/models/slowonly_narrow.py',
    '../_base_/schedules/rho_mini_25e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='BYOL', reduction='sum', sequential=True,
    neck=dict(type='ProjectionMLP', sizes=(64, 128, 32), bias=False),
    head=dict(type='PredictionHead', sizes=(32, 128, 32), bias=False),
    momentum=0.98)
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=2),
        views=[dict(_base_.rho_small_view, num=2)]))
