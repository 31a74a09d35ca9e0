_base_ = './slowonly_r50.py'

# Batch norms of a machine's 8 x 8 clips; neighbours in the random order of
# the clips are pairs (pairs='all': as the paper's text says)
norm_cfg = dict(type='mmssl.NodeSyncBN')
model = dict(
    type='SimCLR', reduction='sum', sequential=True, joint_views=False,
    joint_projector=False, pairs='consecutive', temperature=0.1,
    backbone=dict(norm_cfg=norm_cfg),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 2048, 128),
        norm_cfg=norm_cfg, bias=False, init_cfg=dict(type='Caffe2Xavier', layer='Linear')))
del norm_cfg
