_base_ = 'scrl_resnet50_32xb256-amp-coslr-200e_in1k.py'

model = dict(momentum=0.996)
train_cfg = dict(max_epochs=1000)
optim_wrapper = dict(optimizer=dict(lr=6.4, weight_decay=1.5e-6))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1 / 1560, end=10,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR', T_max=990, begin=9.995, end=1000,
        convert_to_iter_based=True)]
