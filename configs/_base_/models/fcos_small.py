# A detector for pictures of 64 to 256 pixels: one map of stride 8
model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[127.5] * 3, std=[64.] * 3,
        bgr_to_rgb=True, pad_size_divisor=8),
    backbone=dict(
        type='mmssl.SmallConvNet', channels=(16, 32, 64, 64),
        strides=(2, 2, 2, 1)),
    neck=None,
    bbox_head=dict(
        type='FCOSHead', num_classes=3, in_channels=64, feat_channels=64,
        stacked_convs=2, strides=[8], regress_ranges=((-1, 1e8), ),
        center_sampling=True, norm_on_bbox=True, centerness_on_reg=True,
        loss_cls=dict(
            type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25,
            loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=1.0),
        loss_centerness=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
    test_cfg=dict(
        nms_pre=200, min_bbox_size=0, score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.5), max_per_img=50))
