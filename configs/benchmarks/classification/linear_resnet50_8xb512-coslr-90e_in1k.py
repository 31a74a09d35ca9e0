# As SimCLR, BYOL and SimSiam are evaluated: LARS at a large batch
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/linear_resnet50.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(batch_size=512)
train_cfg = dict(type='EpochTrainLoop', max_epochs=90, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='LARS', lr=1.6, momentum=0.9, weight_decay=0.0))
param_scheduler = [dict(type='CosineAnnealingLR', T_max=90, end=90)]
auto_scale_lr = dict(base_batch_size=4096)
