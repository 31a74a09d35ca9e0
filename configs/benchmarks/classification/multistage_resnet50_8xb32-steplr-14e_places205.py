# Places205: train/ and val/ in class folders
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/multistage_resnet50.py',
    '../../_base_/classification/runtime.py',
]

data_root = 'data/places205/'
model = dict(head=dict(num_classes=205))
train_dataloader = dict(batch_size=32, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
train_cfg = dict(type='EpochTrainLoop', max_epochs=14, val_interval=2)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[4, 8, 12], gamma=0.1)]
