model = dict(
    type='SCRL',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), zero_init_residual=False),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 4096, 256),
        norm_cfg=dict(type='SyncBN'), last_bias=False),
    head=dict(
        type='PredictionHead', sizes=(256, 4096, 256),
        norm_cfg=dict(type='SyncBN'), last_bias=False),
    stride=32,
    momentum=0.97,
    target_init='random',
    probe=dict(type='LinearHead', num_classes=1000, in_channels=2048))
