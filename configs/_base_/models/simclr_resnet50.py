model = dict(
    type='SimCLR',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), zero_init_residual=True),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 128),
        norm_cfg=dict(type='SyncBN'), bias=False, last_bias=False,
        last_norm=True),
    temperature=0.1,
    own_slice_gradient=True)  # the settings were tuned with it
