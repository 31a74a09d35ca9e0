# 100 epochs at the full rate, 100 of linear decay; the last one at 1/101
train_cfg = dict(type='EpochTrainLoop', max_epochs=200)
adam = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor='MultiOptimWrapperConstructor',
    generators=adam, discriminators=adam)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1., end_factor=1 / 101, begin=99,
        end=200, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=1)
model_wrapper_cfg = dict(
    type='MMSeparateDistributedDataParallel', broadcast_buffers=False,
    find_unused_parameters=False)
del adam
