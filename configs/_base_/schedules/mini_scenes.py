# A few hundred scenes: 40 epochs of Adam, minutes on a CPU
train_cfg = dict(type='EpochTrainLoop', max_epochs=40)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 20, end=20, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=40, end=40, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=51)
