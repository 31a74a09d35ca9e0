_base_ = 'cmd_r2plus1d26.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmaction.ResNet3d', depth=50,
        stage_blocks=(2, 2, 2, 2), out_indices=(2, 3), pretrained=None,
        pretrained2d=False, with_pool2=False, inflate_style='3x3x3',
        temporal_strides=(1, 2, 2, 2)))
