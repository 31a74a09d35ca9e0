# As MoCo and DenseCL are evaluated
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/linear_resnet50.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(batch_size=32)
train_cfg = dict(type='EpochTrainLoop', max_epochs=100, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=30.0, momentum=0.9, weight_decay=0.0))
param_scheduler = [dict(type='MultiStepLR', milestones=[60, 80], gamma=0.1)]
auto_scale_lr = dict(base_batch_size=256)
