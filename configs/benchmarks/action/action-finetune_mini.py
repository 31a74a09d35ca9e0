# The whole network, from a checkpoint of a *_mini config of rho: minutes
_base_ = [
    '../../_base_/action/jhmdb.py', '../../_base_/action/slowonly_narrow.py',
    '../../_base_/action/runtime.py',
]

model = dict(cls_head=dict(num_classes=10, dropout_ratio=0.5))
train_cfg = dict(type='EpochTrainLoop', max_epochs=30, val_interval=30)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=30, warmup=3,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=10)
