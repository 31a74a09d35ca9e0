_base_ = './slowonly_r50.py'

# Batch norms of a machine's 8 x 8 clips
norm_cfg = dict(type='mmssl.NodeSyncBN')
model = dict(
    type='BYOL', reduction='sum', sequential=True, momentum=0.996,
    backbone=dict(norm_cfg=norm_cfg),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 4096, 256), norm_cfg=norm_cfg,
        bias=False, init_cfg=dict(type='Caffe2Xavier', layer='Linear')),
    head=dict(
        type='PredictionHead', sizes=(256, 4096, 256), norm_cfg=norm_cfg,
        bias=False, init_cfg=dict(type='Caffe2Xavier', layer='Linear')))
del norm_cfg
