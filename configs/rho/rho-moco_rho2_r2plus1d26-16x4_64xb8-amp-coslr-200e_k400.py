_base_ = [
    '../_base_/datasets/kinetics400_clips.py', '../_base_/views_video.py',
    '../_base_/models/rho_moco.py', '../_base_/schedules/rho_sgd_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(_delete_=True, type='R2Plus1D26'))
train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=2, clip_len=16, frame_interval=4),
        views=[dict(_base_.rho_view, num=2)]))
