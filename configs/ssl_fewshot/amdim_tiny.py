_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

center_view = dict(
    type='CenterView', resize=32, size=32, interpolation='bicubic')
model = dict(
    type='AMDIM',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=32, ndf=8, n_rkhs=64, n_depth=1))
train_dataloader = dict(
    dataset=dict(
        views=[dict(_base_.amdim_cifar_view, num=2)], shared_flip=0.5))
bank_dataloader = dict(dataset=dict(views=[center_view]))
test_dataloader = dict(dataset=dict(views=[center_view]))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank_dataloader)
test_cfg = dict(bank_dataloader=bank_dataloader)
val_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='CollapseMetric'),
    dict(type='FewShotAccuracy', n_episodes=600)]
test_evaluator = val_evaluator
