# Any folder of pictures: --cfg-options data_root=path/to/pictures/
_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/schedules/lars_coslr_200e.py', '../_base_/default_runtime.py',
]

data_root = 'data/pictures/'
model = dict(
    type='SimCLR',
    backbone=dict(
        type='SmallStemResNet', depth=18, stem='imagenet'),
    neck=dict(type='ProjectionMLP', sizes=(512, 512, 128), last_norm=True))
train_dataloader = dict(
    batch_size=64, num_workers=2,
    dataset=dict(
        data_root=data_root, views=[dict(_base_.simclr_view, num=2)]))
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-4))
train_cfg = dict(max_epochs=100)
param_scheduler = [
    dict(
        type='CosineAnnealingLR', T_max=100, end=100,
        convert_to_iter_based=True)]
auto_scale_lr = dict(_delete_=True, base_batch_size=64)
