# As SwAV and Barlow Twins are evaluated
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/linear_resnet50.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(batch_size=32)
train_cfg = dict(type='EpochTrainLoop', max_epochs=100, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.3, momentum=0.9, weight_decay=1e-6))
param_scheduler = [dict(type='CosineAnnealingLR', T_max=100, end=100)]
auto_scale_lr = dict(base_batch_size=256)
