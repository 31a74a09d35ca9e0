# Detector 2 as published: RFBNet-300
_base_ = [
    '../../_base_/datasets/voc07_detection_youtube_objects.py',
]
custom_imports = dict(
    imports=[
        *_base_.custom_imports.imports,
        'mmssl.models.heads.class_limit_ssd_head'])

model = dict(
    type='SingleStageDetector',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean=[104., 117., 123.],
        std=[1., 1., 1.], bgr_to_rgb=False, pad_size_divisor=1),
    backbone=dict(
        type='mmssl.RFBVGG', fc_checkpoint=None,
        init_cfg=[
            dict(type='mmengine.Kaiming', layer='Conv2d'),
            dict(
                type='mmengine.Pretrained',
                checkpoint='open-mmlab://vgg16_caffe')]),
    neck=None,
    bbox_head=dict(
        type='mmssl.ClassLimitSSDHead',
        in_channels=(512, 1024, 512, 256, 256, 256), num_classes=20,
        anchor_generator=dict(
            type='SSDAnchorGenerator', scale_major=False,
            strides=[8, 16, 32, 64, 100, 300],
            min_sizes=[30, 60, 111, 162, 213, 264],
            max_sizes=[60, 111, 162, 213, 264, 315],
            ratios=[[2, 3], [2, 3], [2, 3], [2, 3], [2], [2]]),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', target_means=[0.] * 4,
            target_stds=[0.1, 0.1, 0.2, 0.2])),
    train_cfg=dict(
        assigner=dict(
            type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5,
            min_pos_iou=0., ignore_iof_thr=-1, gt_max_assign_all=False),
        sampler=dict(type='PseudoSampler'), smoothl1_beta=1.,
        allowed_border=-1, pos_weight=-1, neg_pos_ratio=3, debug=False),
    test_cfg=dict(
        nms_pre=1000, nms=dict(type='nms', iou_threshold=0.45),
        min_bbox_size=0, score_thr=0.01, max_per_class=50,
        max_per_img=300))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PhotoMetricDistortion', brightness_delta=32,
        contrast_range=(0.5, 1.5), saturation_range=(0.5, 1.5), hue_delta=18),
    dict(
        type='Expand', mean=[104., 117., 123.], to_rgb=False,
        ratio_range=(1, 4), prob=0.6),
    dict(
        type='MinIoURandomCrop', min_ious=(0.1, 0.3, 0.5, 0.7, 0.9),
        min_crop_size=0.3),
    dict(type='Resize', scale=(300, 300), keep_ratio=False),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=(300, 300), keep_ratio=False)
train_dataloader = dict(
    batch_size=8, dataset=dict(pipeline=train_pipeline))
video_dataset = dict(pipeline=train_pipeline)
test_dataloader = dict(batch_size=8, dataset=dict(pipeline=test_pipeline))
val_dataloader = test_dataloader

train_cfg = dict(
    type='mmssl.EpochTrainLoop', max_epochs=300, val_interval=10)
log_processor = dict(by_epoch=True)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=4e-3, momentum=0.9, weight_decay=5e-4))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-6 / 4e-3, by_epoch=True, begin=0,
        end=1, convert_to_iter_based=True),
    dict(
        type='MultiStepLR', by_epoch=True, milestones=[150, 200, 250],
        gamma=0.1),
]
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=10))
