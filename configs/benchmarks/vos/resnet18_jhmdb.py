_base_ = [
    '../../_base_/vos/resnet18_stride8.py', '../../_base_/vos/jhmdb.py',
    '../../_base_/default_runtime.py',
]
