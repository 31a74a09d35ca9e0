_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/models/simclr_resnet50.py',
    '../_base_/schedules/lars_coslr_200e.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=64, dataset=dict(views=[dict(_base_.simclr_view, num=2)]))
train_cfg = dict(max_epochs=800)
optim_wrapper = dict(optimizer=dict(lr=0.6))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-4, end=10,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=790, begin=10, end=800,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=512)
