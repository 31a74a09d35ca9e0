# On checkpoints of the *_mini configs, minutes on a CPU
_base_ = [
    '../../_base_/classification/cifar10.py',
    '../../_base_/classification/runtime.py',
]

model = dict(
    type='ImageClassifier',
    frozen=True,
    backbone=dict(
        type='SmallConvNet', strides=(2, 2, 2, 2),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(
        type='LinearHead', num_classes=10, in_channels=128, with_norm=True))
train_dataloader = dict(batch_size=256, num_workers=1)
train_cfg = dict(type='EpochTrainLoop', max_epochs=10, val_interval=5)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.3, momentum=0.9, weight_decay=0.0))
param_scheduler = [
    dict(
        type='CosineAnnealingLR', T_max=10, end=10,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=256)
