# 600 steps of Adam for 240 drawn videos
train_cfg = dict(type='EpochTrainLoop', max_epochs=60, val_interval=60)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=5e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=20, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=60, end=60, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=24)
