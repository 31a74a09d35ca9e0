# What `make quickstart` runs: 19 grey photographs, patches of 48 pixels
_base_ = ['../simclr/simclr_tiny.py']

model = dict(
    backbone=dict(
        channels=(16, 32, 64, 128), strides=(2, 2, 2, 2)),
    neck=dict(sizes=(128, 128, 64)),
    temperature=0.2)
train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        per_class=200,
        views=[dict(_base_.simclr_cifar_view, num=2, size=48)]))
# the same patches for the bank
val_cfg = dict(bank_dataloader=dict(dataset=dict(per_class=200)))
test_cfg = dict(bank_dataloader=dict(dataset=dict(per_class=200)))
test_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]

train_cfg = dict(max_epochs=10, val_interval=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=14, by_epoch=False),
    dict(
        type='CosineAnnealingLR', T_max=10, end=10, eta_min=0.0,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=256)
