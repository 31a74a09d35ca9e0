# All labels, the whole network.  The numbers are our own: no method here
# publishes this protocol.
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/finetune_resnet50.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(batch_size=32)
train_cfg = dict(type='EpochTrainLoop', max_epochs=30, val_interval=5)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))))
param_scheduler = [dict(type='CosineAnnealingLR', T_max=30, end=30)]
auto_scale_lr = dict(base_batch_size=256)
