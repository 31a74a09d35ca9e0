# For checkpoints of the *_mini configs of image methods
_base_ = ['../../_base_/vos/davis2017.py', '../../_base_/default_runtime.py']

model = dict(
    type='FeatureExtractor',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 1)))
