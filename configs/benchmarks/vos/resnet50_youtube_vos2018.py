_base_ = [
    '../../_base_/vos/resnet50_stride8.py', '../../_base_/vos/youtube_vos2018.py',
    '../../_base_/default_runtime.py',
]
