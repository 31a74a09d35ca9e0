# The third stage's map (1024 numbers a cell), 60 x 107 cells of 480 x 854
model = dict(
    type='FeatureExtractor',
    backbone=dict(
        type='mmdet.ResNet', depth=50, strides=(1, 2, 1, 1),
        out_indices=(2,)))
