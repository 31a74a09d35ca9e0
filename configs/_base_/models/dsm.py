# DSM with the initialisation of its authors; the leaf names the backbone
model = dict(
    type='DSM',
    backbone=dict(
        init_cfg=[
            dict(
                type='Xavier', layer='Conv3d', distribution='uniform',
                gain=2**0.5),
            dict(type='Normal', layer='BatchNorm3d', mean=1.0, std=0.02)]),
    neck=dict(type='ProjectionMLP', sizes=(512, 128), norm_cfg=None),
    sld=dict(type='SpatialLocalWarp', inplace=True),
    queue_length=3569,
    temperature=0.07,
    momentum=0.999)
