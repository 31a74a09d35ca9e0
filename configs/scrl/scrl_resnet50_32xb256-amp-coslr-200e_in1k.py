_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/models/scrl_resnet50.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        pipeline=[
            dict(type='LoadImage'),
            dict(
                type='MultiView',
                views=[_base_.scrl_view_a, _base_.scrl_view_b]),
            dict(
                type='MatchedBoxes', min_size=32, num_boxes=10, iou_thr=0.5),
            dict(type='PackViews', keys=['boxes'])]))

train_cfg = dict(type='EpochTrainLoop', max_epochs=200)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(
        type='LARS', lr=14.4, momentum=0.9, weight_decay=1e-6,
        lr_in_momentum=False))
# As the authors, whose schedule steps before the optimizer: the first of the
# 1560 steps of 10 epochs has its share, the cosine begins one step early.
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1 / 1560, end=10,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=190, begin=9.995, end=200,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=8192)
