# The same with the network and the map of the *_mini configs of scenes, for
# their checkpoints: pretrained=work_dirs/scrl_mini/epoch_40.pth
_base_ = 'faster-rcnn_r18_fpn_mini.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmssl.SmallConvNet', strides=(2, 2, 2, 2),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    neck=None,
    rpn_head=dict(
        in_channels=128, feat_channels=128,
        anchor_generator=dict(scales=[2, 4, 8, 16], strides=[16])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=128, featmap_strides=[16]),
        bbox_head=dict(in_channels=128)))
