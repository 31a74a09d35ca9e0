_base_ = [
    '../_base_/datasets/textured_videos.py', '../_base_/views_video.py',
    '../_base_/models/slowonly_narrow.py',
    '../_base_/schedules/rho_tiny_20e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='MoCo', symmetric=True, reduction='sum', sequential=True,
    shuffle_group='node',
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 64, 32), norm_cfg=None),
    queue_length=32, queue_init='uniform', temperature=0.1, momentum=0.9,
    end_momentum=1.0)
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=2),
        views=[dict(_base_.rho_tiny_view, num=2)]))
