# Large batch: LARS, warm-up of 10 epochs, half a cosine to 0
train_cfg = dict(type='EpochTrainLoop', max_epochs=200)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='LARS', lr=4.8, momentum=0.9, weight_decay=1e-6))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-4, end=10,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=190, begin=10, end=200,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=4096)
