model = dict(
    type='BYOL',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), zero_init_residual=False),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 4096, 256),
        norm_cfg=dict(type='SyncBN'), last_bias=False),
    head=dict(
        type='PredictionHead', sizes=(256, 4096, 256),
        norm_cfg=dict(type='SyncBN'), last_bias=False),
    momentum=0.99)
