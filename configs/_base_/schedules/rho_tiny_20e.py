# 60 steps of Adam for 48 videos
train_cfg = dict(type='EpochTrainLoop', max_epochs=20, val_interval=20)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=6, by_epoch=False)]
auto_scale_lr = dict(base_batch_size=16)
