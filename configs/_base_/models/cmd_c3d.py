# One map, so nothing to fuse
_base_ = 'cmd_r2plus1d26.py'

model = dict(
    backbone=dict(_delete_=True, type='C3DBN', init_cfg=[
        dict(type='Kaiming', layer='Conv3d', mode='fan_out'),
        dict(type='Constant', layer='_BatchNorm', val=1)]),
    predictor=dict(in_channels=512),
    context_query_head=dict(sizes=(512, 2048, 512)),
    fuse=False)
