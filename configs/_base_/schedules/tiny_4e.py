# A few seconds
train_cfg = dict(type='EpochTrainLoop', max_epochs=4, val_interval=4)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False)]
auto_scale_lr = dict(base_batch_size=128)
