model = dict(
    type='SimSiam',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), zero_init_residual=True),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 2048, 2048),
        norm_cfg=dict(type='SyncBN'), bias=False, last_bias=False,
        last_norm=True, last_affine=False),
    head=dict(
        type='PredictionHead', sizes=(2048, 512, 2048),
        norm_cfg=dict(type='SyncBN'), bias=False))
