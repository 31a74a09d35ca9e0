# Few labels: 20 epochs, x0.2 at 12 and 16.  Published is the best of a grid:
# lr 0.1, 0.01, 0.001 times head.lr_mult 1, 10, 100.
train_cfg = dict(type='EpochTrainLoop', max_epochs=20, val_interval=5)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))))
param_scheduler = [dict(type='MultiStepLR', milestones=[12, 16], gamma=0.2)]
auto_scale_lr = dict(base_batch_size=256)
