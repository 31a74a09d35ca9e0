# The network of the *_mini configs of rho: eighteen layers, an eighth as wide
_base_ = ['slowonly50.py']

model = dict(
    backbone=dict(depth=18, base_channels=8),
    cls_head=dict(in_channels=64))
