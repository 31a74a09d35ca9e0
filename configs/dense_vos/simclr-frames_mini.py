# The image-level method to compare with: the same trunk and frames; J&F by
# configs/benchmarks/vos/narrow_resnet18_davis_mini.py
_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/vos/narrow_resnet18.py', '../_base_/default_runtime.py',
]

model = dict(
    type='SimCLR',
    backbone=_base_.narrow_resnet18,
    neck=dict(type='ProjectionMLP', sizes=(128, 256, 64)),
    temperature=0.2)
data_root = 'data/davis_mini/JPEGImages/480p/'
train_dataloader = dict(
    batch_size=24, num_workers=1,
    dataset=dict(
        data_root=data_root,
        folders=('bmx-trees', 'kite-surf', 'motocross-jump'),
        views=[dict(_base_.simclr_view, num=2, size=96, area=(0.2, 1.0))]))

train_cfg = dict(type='EpochTrainLoop', max_epochs=30)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, weight_decay=1e-6))
param_scheduler = [
    dict(
        type='CosineAnnealingLR', T_max=30, end=30, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=24)
