# 512 videos a step; 35 epochs of warm-up from 0.001 for each 64 of them,
# then the cosine as if it had run from the start
train_cfg = dict(type='EpochTrainLoop', max_epochs=200)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.4, momentum=0.9, nesterov=True, weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=200, warmup=35,
        warmup_ratio=0.008 / 0.4, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=512)
