# One budget for all methods on small real data: 20 epochs of Adam
train_cfg = dict(type='EpochTrainLoop', max_epochs=20, val_interval=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 50, end=50, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=20, end=20, eta_min=0.0,
        convert_to_iter_based=True)]
