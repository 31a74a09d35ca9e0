# The tenth after epochs 120, 160 and 200, which short runs do not reach
train_cfg = dict(type='EpochTrainLoop', max_epochs=100)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.003, momentum=0.9, weight_decay=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[120, 160, 200])]
auto_scale_lr = dict(base_batch_size=8)
