_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/models/simsiam_resnet50.py',
    '../_base_/schedules/sgd_coslr_200e.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=32, dataset=dict(views=[dict(_base_.moco_v2_view, num=2)]))
optim_wrapper = dict(
    optimizer=dict(lr=0.05),
    paramwise_cfg=dict(custom_keys={'head.': dict(fix_lr=True)}))
custom_hooks = [dict(type='FixedLRHook')]
train_cfg = dict(max_epochs=100)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=100, end=100)]
