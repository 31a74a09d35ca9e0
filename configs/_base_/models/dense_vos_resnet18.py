# Output stride 8: layers 3 and 4 keep their size, nothing is dilated.
# mmdet's own defaults freeze norms and start the last norm of a block at 0.
model = dict(
    type='DenseVOS',
    backbone=dict(
        type='mmdet.ResNet', depth=18, strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1), out_indices=(2, 3), frozen_stages=-1,
        norm_eval=False, zero_init_residual=False),
    neck=dict(type='DenseEmbeddingNeck', sizes=(512, 512, 128)),
    grid=8,
    ref_grid=4,
    temperature=0.05,
    cross_view_weight=0.1)
