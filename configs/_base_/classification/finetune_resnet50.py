# The whole network is trained
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(type='LinearHead', num_classes=1000, in_channels=2048))
