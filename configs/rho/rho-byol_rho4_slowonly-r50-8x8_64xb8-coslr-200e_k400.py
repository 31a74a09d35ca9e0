_base_ = [
    '../_base_/datasets/kinetics400_clips.py', '../_base_/views_video.py',
    '../_base_/models/rho_byol.py', '../_base_/schedules/rho_lars_200e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(
    dataset=dict(
        clips=dict(num_clips=4),
        views=[dict(_base_.rho_view, num=4)]))

optim_wrapper = dict(optimizer=dict(lr=9.6))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=200, warmup=35,
        warmup_ratio=0.008 / 9.6, convert_to_iter_based=True)]
