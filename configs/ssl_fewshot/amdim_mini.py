# First stage on 76 classes of Tiny ImageNet (train.csv, val.csv, test.csv,
# images.zip), minutes on a CPU; data_root=PATH/ says where they are
_base_ = [
    '../_base_/datasets/few_shot.py', '../_base_/views_image.py',
    '../_base_/schedules/amdim_adam_300e.py', '../_base_/default_runtime.py',
]

data_root = 'data/fewshot_mini/'
whole_view = dict(
    type='CenterView', resize=32, size=32, interpolation='bicubic')
model = dict(
    type='AMDIM',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=32, ndf=12, n_rkhs=96,
        n_depth=1))
train_dataloader = dict(
    batch_size=64, num_workers=1,
    dataset=dict(
        data_root=data_root, ann_file=['train.csv', 'val.csv'],
        images='images.zip',
        views=[dict(
            _base_.amdim_imagenet_view, num=2, size=32, backend='cv2')],
        shared_flip=0.5))
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root, images='images.zip', views=[whole_view]))
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root, images='images.zip', views=[whole_view]))
train_cfg = dict(max_epochs=16, val_interval=8)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 100, end=100, by_epoch=False),
    dict(type='MultiStepLR', milestones=[13], gamma=0.2)]
auto_scale_lr = dict(base_batch_size=64)
