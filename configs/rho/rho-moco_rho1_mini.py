_base_ = [
    '../_base_/datasets/jhmdb_mini_32.py', '../_base_/views_video.py',
    '../_base_/models/slowonly_narrow.py',
    '../_base_/schedules/rho_mini_25e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='MoCo', symmetric=True, reduction='sum', sequential=True,
    shuffle_group='node',
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 64, 32), norm_cfg=None),
    queue_length=100, queue_init='uniform', temperature=0.1, momentum=0.98,
    end_momentum=1.0)
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=1),
        views=[dict(_base_.rho_small_view, num=2)]))
