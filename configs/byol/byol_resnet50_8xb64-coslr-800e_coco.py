_base_ = [
    '../_base_/datasets/coco_unlabelled.py', '../_base_/views_image.py',
    '../_base_/models/byol_resnet50.py',
    '../_base_/schedules/sgd_coslr_800e.py', '../_base_/default_runtime.py',
]

# Stage 1 of ORL: linear layers and convolutions start Kaiming normal, fan in
kaiming = dict(type='Kaiming', layer=['Conv2d', 'Linear'], mode='fan_in')
model = dict(
    backbone=dict(
        init_cfg=[
            kaiming,
            dict(type='Constant', val=1, layer=['_BatchNorm'])]),
    neck=dict(init_cfg=kaiming),
    head=dict(init_cfg=kaiming))
view_a = dict(_base_.byol_view_a, interpolation='bilinear')
view_b = dict(_base_.byol_view_b, interpolation='bilinear')
train_dataloader = dict(
    batch_size=64, drop_last=False, dataset=dict(views=[view_a, view_b]))
optim_wrapper = dict(optimizer=dict(lr=0.4))
# The warm-up ends with the first step of epoch 4, 232 steps an epoch: MMEngine
# counts a step less than the range
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=800, end=800),
    dict(
        type='LinearLR', start_factor=1e-4, end=4.0045,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=512)
