# One budget for all methods on small real data: 10 epochs of Adam
train_cfg = dict(type='EpochTrainLoop', max_epochs=10, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 50, end=50, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=10, end=10, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=256)
