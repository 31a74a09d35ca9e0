# The triplet form of DSM; the leaf names the backbone
model = dict(
    type='DSMTriplet',
    backbone=dict(
        init_cfg=[
            dict(
                type='Xavier', layer='Conv3d', distribution='uniform',
                gain=2**0.5),
            dict(type='Normal', layer='BatchNorm3d', mean=1.0, std=0.02)]),
    neck=dict(type='ProjectionMLP', sizes=(512, 128), norm_cfg=None),
    sld=dict(type='SpatialLocalWarp', inplace=True),
    margin=0.5)
