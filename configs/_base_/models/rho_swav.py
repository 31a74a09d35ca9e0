_base_ = './slowonly_r50.py'

# Batch norms of a machine's 8 x 8 clips; memory grows with the clips
norm_cfg = dict(type='mmssl.NodeSyncBN')
model = dict(
    type='SwAV', num_crops=(2, ), joint_views=False, temperature=0.1,
    epsilon=0.05, num_iters=3,
    backbone=dict(norm_cfg=norm_cfg),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 2048, 128),
        norm_cfg=norm_cfg, bias=False, init_cfg=dict(type='Caffe2Xavier', layer='Linear')),
    head=dict(type='PrototypeHead', embed_dim=128, num_prototypes=1000))
custom_hooks = [dict(type='FreezeHook', names=('head.', ), end=1)]
del norm_cfg
