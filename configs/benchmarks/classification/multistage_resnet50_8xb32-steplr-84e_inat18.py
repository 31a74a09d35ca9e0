# iNaturalist 2018: train/ and val/ in folders of the 8,142 species
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/multistage_resnet50.py',
    '../../_base_/classification/runtime.py',
]

data_root = 'data/inaturalist18/'
model = dict(head=dict(num_classes=8142))
train_dataloader = dict(batch_size=32, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
train_cfg = dict(type='EpochTrainLoop', max_epochs=84, val_interval=12)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[24, 48, 72], gamma=0.1)]
