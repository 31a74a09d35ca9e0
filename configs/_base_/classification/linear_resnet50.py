# Global average of C5, one linear layer; the backbone stays as it is
model = dict(
    type='ImageClassifier',
    frozen=True,
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(type='LinearHead', num_classes=1000, in_channels=2048))
