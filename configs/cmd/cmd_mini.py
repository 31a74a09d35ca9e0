# 100 videos of J-HMDB, minutes on a CPU; retrieval before and after
_base_ = [
    '../_base_/models/cmd_narrow.py',
    '../_base_/datasets/compressed_jhmdb_mini.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(type='EpochTrainLoop', max_epochs=60, val_interval=60)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-4),
    # At first its attention is even, so that all cells of a clip expect the
    # same; at the rate of the rest one seed in six stays there
    paramwise_cfg=dict(custom_keys=dict(predictor=dict(lr_mult=3.0))),
    clip_grad=dict(max_norm=15))
param_scheduler = [
    dict(
        type='WarmupEpochCosineLR', max_epochs=60, warmup=3,
        warmup_ratio=0.01, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=16)
