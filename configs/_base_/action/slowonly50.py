# mmaction2's Slow-only ResNet-50 on the scale and with the start of rho
_base_ = ['mmaction::_base_/models/slowonly_r50.py']

model = dict(
    backbone=dict(
        pretrained=None, with_pool2=False, zero_init_residual=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    data_preprocessor=dict(mean=[114.75] * 3, std=[57.375] * 3))
