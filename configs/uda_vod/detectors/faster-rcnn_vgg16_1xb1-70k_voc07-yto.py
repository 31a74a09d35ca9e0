# Detector 1 as published: py-faster-rcnn's VGG-16 at a single scale
_base_ = [
    '../../_base_/datasets/voc07_detection_youtube_objects.py',
]
custom_imports = dict(
    imports=[
        *_base_.custom_imports.imports,
        'mmssl.models.heads.dropout_bbox_head'])

model = dict(
    type='FasterRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[102.9801, 115.9465, 122.7717],
        std=[1., 1., 1.], bgr_to_rgb=False, pad_size_divisor=16),
    backbone=dict(
        type='mmssl.VGG16C5', frozen_stages=2,
        init_cfg=dict(
            type='mmengine.Pretrained',
            checkpoint='open-mmlab://vgg16_caffe')),
    rpn_head=dict(
        type='RPNHead', in_channels=512, feat_channels=512,
        anchor_generator=dict(
            type='AnchorGenerator', scales=[8, 16, 32],
            ratios=[0.5, 1.0, 2.0], strides=[16]),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', target_means=[0.] * 4,
            target_stds=[1.] * 4),
        loss_cls=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
        loss_bbox=dict(type='SmoothL1Loss', beta=1 / 9, loss_weight=1.0)),
    roi_head=dict(
        type='StandardRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIPool', output_size=7),
            out_channels=512, featmap_strides=[16]),
        bbox_head=dict(
            type='mmssl.DropoutBBoxHead', fc_checkpoint=None,
            in_channels=512, fc_out_channels=4096, roi_feat_size=7,
            num_classes=20,
            bbox_coder=dict(
                type='DeltaXYWHBBoxCoder', target_means=[0.] * 4,
                target_stds=[0.1, 0.1, 0.2, 0.2]),
            reg_class_agnostic=False,
            loss_cls=dict(
                type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0))),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3,
                min_pos_iou=0.3, match_low_quality=True, ignore_iof_thr=-1),
            sampler=dict(
                type='RandomSampler', num=256, pos_fraction=0.5,
                neg_pos_ub=-1, add_gt_as_proposals=False),
            allowed_border=0, pos_weight=-1, debug=False),
        rpn_proposal=dict(
            nms_pre=12000, max_per_img=2000,
            nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5,
                min_pos_iou=0.5, match_low_quality=False, ignore_iof_thr=-1),
            sampler=dict(
                type='RandomSampler', num=128, pos_fraction=0.25,
                neg_pos_ub=-1, add_gt_as_proposals=True),
            pos_weight=-1, debug=False)),
    test_cfg=dict(
        rpn=dict(
            nms_pre=6000, max_per_img=300,
            nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
        rcnn=dict(
            score_thr=0.05, nms=dict(type='nms', iou_threshold=0.3),
            max_per_img=300)))

train_cfg = dict(
    type='mmssl.IterTrainLoop', max_iters=70000, val_interval=10000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=0.))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[50000], gamma=0.1)]
auto_scale_lr = dict(base_batch_size=1)
