# 80 steps of Adam for 100 videos
jhmdb_triplet = dict(
    type='LoadTriplet', clip_len=8, frame_interval=2, short_side=56,
    cache=True)
dsm_small_view = dict(
    type='TurnedView', size=48, resize=56, jitter=(0.4, 0.4, 0.2, 0.1))

train_cfg = dict(type='EpochTrainLoop', max_epochs=20, val_interval=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=8, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=20, end=20, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=25)
