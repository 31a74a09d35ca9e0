# The whole network; seconds, nothing to download.  For checkpoints of narrow
# Slow-only networks.
_base_ = [
    '../../_base_/action/scenes.py', '../../_base_/action/slowonly_narrow.py',
    '../../_base_/action/runtime.py',
]

model = dict(cls_head=dict(num_classes=6, dropout_ratio=0.5))
train_cfg = dict(type='EpochTrainLoop', max_epochs=6, val_interval=6)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=2e-3, weight_decay=1e-5))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=6, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=6))
