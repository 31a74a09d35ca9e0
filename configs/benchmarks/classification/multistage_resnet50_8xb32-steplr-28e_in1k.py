# The published pictures also get PCA lighting of 0.1, which is left out here
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/multistage_resnet50.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        views=[dict(size=224, area=(0.08, 1.0), jitter=(0.4, 0.4, 0.4, 0.0))]))
train_cfg = dict(type='EpochTrainLoop', max_epochs=28, val_interval=4)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[8, 16, 24], gamma=0.1)]
