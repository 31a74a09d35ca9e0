# 100 steps of Adam for 100 videos
train_cfg = dict(type='EpochTrainLoop', max_epochs=25, val_interval=25)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=10, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=25, end=25, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=25)
