# On the checkpoint of pretrain_resnet18_tiny.py; 48 pixels give maps of 24,
# 12, 6, 3 and 2 cells a side
_base_ = [
    '../../_base_/classification/embedded.py',
    '../../_base_/classification/runtime.py',
]

model = dict(
    type='ImageClassifier',
    frozen=True,
    backbone=dict(
        type='SmallStemResNet', depth=18, stem='imagenet', with_stem=True,
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(
        type='MultiStageLinearHead', num_classes=19,
        in_channels=(64, 64, 128, 256, 512),
        pools=((6, 6, 0), (4, 4, 0), (3, 3, 0), (3, 3, 0), (2, 2, 0)),
        cells=(4, 3, 2, 1, 1)))
train_cfg = dict(type='EpochTrainLoop', max_epochs=4, val_interval=4)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[3], gamma=0.1)]
auto_scale_lr = dict(base_batch_size=128)
