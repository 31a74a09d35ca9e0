# Image900-SSL: ImageNet-1k without the 100 classes of miniImageNet, any
# folders.  Epochs and batch are AMDIM's for ImageNet.
_base_ = [
    '../_base_/datasets/few_shot.py', '../_base_/views_image.py',
    '../_base_/models/amdim_encoder128.py',
    '../_base_/schedules/amdim_adam_300e.py', '../_base_/default_runtime.py',
]

data_root = 'data/image900/'
train_dataloader = dict(
    batch_size=120,
    dataset=dict(
        _delete_=True, type='ImageFolder', data_root=data_root,
        views=[dict(_base_.amdim_imagenet_view, num=2)], shared_flip=0.5))
train_cfg = dict(max_epochs=50)
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 500, end=500, by_epoch=False),
    dict(type='MultiStepLR', milestones=[30, 45], gamma=0.2)]
auto_scale_lr = dict(base_batch_size=480)
