# Rate 5e-4 a sample of the batch; the whole last epoch has rate 0, as in the
# authors' code. Weight decay 0.005 as their model card says; the code has
# 0.001.
train_cfg = dict(type='EpochTrainLoop', max_epochs=120)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=5e-4 * 64, momentum=0.9, nesterov=True,
        weight_decay=0.005),
    clip_grad=dict(max_norm=15))
param_scheduler = [
    dict(
        type='WarmupEpochCosineLR', max_epochs=120, warmup=5,
        warmup_ratio=0.01, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=64)
sync_bn = 'torch'
