# 100 epochs of 100 episodes; the rate halves before epochs 10, 20, ...
train_cfg = dict(type='EpochTrainLoop', max_epochs=100, val_interval=1)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=1e-4, momentum=0.9, nesterov=True, weight_decay=5e-4))
param_scheduler = [
    dict(
        type='MultiStepLR', milestones=list(range(9, 100, 10)), gamma=0.5)]
