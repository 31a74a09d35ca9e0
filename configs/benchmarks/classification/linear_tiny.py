# On checkpoints of the *_tiny configs of image methods, seconds
_base_ = [
    '../../_base_/classification/embedded.py',
    '../../_base_/classification/runtime.py',
]

model = dict(
    type='ImageClassifier',
    frozen=True,
    backbone=dict(
        type='SmallConvNet', channels=(8, 16, 32, 64),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(
        type='LinearHead', num_classes=19, in_channels=64, with_norm=True))
train_cfg = dict(type='EpochTrainLoop', max_epochs=8, val_interval=8)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.3, momentum=0.9, weight_decay=0.0))
param_scheduler = [dict(type='CosineAnnealingLR', T_max=8, end=8)]
auto_scale_lr = dict(base_batch_size=128)
