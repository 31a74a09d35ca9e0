# Batch 256: SGD, half a cosine to 0, once an epoch
train_cfg = dict(type='EpochTrainLoop', max_epochs=200)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))
param_scheduler = [dict(type='CosineAnnealingLR', T_max=200, end=200)]
auto_scale_lr = dict(base_batch_size=256)
