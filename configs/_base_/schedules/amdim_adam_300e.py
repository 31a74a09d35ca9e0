# AMDIM: Adam with coupled decay of all weights, warm-up of 500 updates
train_cfg = dict(type='EpochTrainLoop', max_epochs=300, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='Adam', lr=2e-4, betas=(0.8, 0.999), weight_decay=1e-5))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 500, end=500, by_epoch=False),
    dict(type='MultiStepLR', milestones=[250, 280], gamma=0.2)]
