_base_ = [
    '../../_base_/vos/resnet18_stride8.py', '../../_base_/vos/vip.py',
    '../../_base_/default_runtime.py',
]
