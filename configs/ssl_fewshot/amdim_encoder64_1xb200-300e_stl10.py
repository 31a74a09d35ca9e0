# The default of AMDIM's script, 64 pixels
_base_ = [
    '../_base_/datasets/stl10.py', '../_base_/views_image.py',
    '../_base_/schedules/amdim_adam_300e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='AMDIM',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=64, ndf=128, n_rkhs=1024,
        n_depth=3),
    head=dict(
        type='AMDIMOnlineClassifier', in_channels=1024, num_classes=10))
train_dataloader = dict(
    batch_size=200,
    dataset=dict(
        views=[dict(_base_.amdim_stl10_view, num=2)], shared_flip=0.5))
val_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='CollapseMetric'),
    dict(type='ClassificationMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric'),
    dict(type='CollapseMetric'), dict(type='ClassificationMetric')]
auto_scale_lr = dict(base_batch_size=200)
