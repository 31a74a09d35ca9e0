# W-MSE, section 6: Adam with coupled decay, warm-up of 500 iterations, two
# drops near the end; evaluation every 20 epochs, every 5 in the last 50
train_cfg = dict(
    type='EpochTrainLoop', max_epochs=2000, val_interval=20,
    dynamic_intervals=[(1951, 5)])
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-6))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 500, end=500, by_epoch=False),
    dict(type='MultiStepLR', milestones=[1950, 1975], gamma=0.2)]
