train_cfg = dict(type='IterTrainLoop', max_iters=100000, val_interval=10000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.999), eps=1e-8))
param_scheduler = []
auto_scale_lr = dict(base_batch_size=100)
