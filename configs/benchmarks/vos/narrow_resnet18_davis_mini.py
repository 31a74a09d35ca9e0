# For checkpoints of the *_mini configs of Dense-VOS
_base_ = [
    '../../_base_/vos/narrow_resnet18.py', '../../_base_/vos/davis_mini.py',
    '../../_base_/default_runtime.py',
]

model = dict(type='FeatureExtractor', backbone=_base_.narrow_resnet18)
