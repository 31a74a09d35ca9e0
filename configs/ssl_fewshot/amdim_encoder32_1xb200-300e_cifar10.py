# CIFAR-10, 32 pixels; the size of the encoder is that of AMDIM's script
_base_ = [
    '../_base_/datasets/cifar10.py', '../_base_/views_image.py',
    '../_base_/schedules/amdim_adam_300e.py', '../_base_/default_runtime.py',
]

data_preprocessor = dict(
    mean=[125.3, 123.0, 113.9], std=[63.0, 62.1, 66.7])
model = dict(
    type='AMDIM',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=32, ndf=128, n_rkhs=1024,
        n_depth=3),
    head=dict(
        type='AMDIMOnlineClassifier', in_channels=1024, num_classes=10))
train_dataloader = dict(
    batch_size=200,
    dataset=dict(
        views=[dict(_base_.amdim_cifar_view, num=2)], shared_flip=0.5))
val_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='CollapseMetric'),
    dict(type='ClassificationMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric'),
    dict(type='CollapseMetric'), dict(type='ClassificationMetric')]
auto_scale_lr = dict(base_batch_size=200)
