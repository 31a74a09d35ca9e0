# Training on PASCAL VOC 2007 trainval, testing on the frames of
# YouTube-Objects; VOC's twenty classes, those without a frame are not counted
_base_ = '../detection_runtime.py'

voc_classes = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat',
    'chair', 'cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person',
    'pottedplant', 'sheep', 'sofa', 'train', 'tvmonitor')
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(1000, 600), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1000, 600), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=(
            'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='mmssl.EpochSampler', shuffle=True),
    dataset=dict(
        type='VOCDataset', data_root='data/VOCdevkit/',
        ann_file='VOC2007/ImageSets/Main/trainval.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=train_pipeline))
video_dataset = dict(  # the upper bound: labelled frames, never the tested
    type='mmssl.YouTubeObjectsDataset', data_root='data/YTO/',
    metainfo=dict(classes=voc_classes),
    ann_file='ImageSets/Main/trainval.txt', data_prefix=dict(sub_data_root=''),
    filter_cfg=dict(filter_empty_gt=True, min_size=32),
    pipeline=train_pipeline)
test_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True,
    sampler=dict(type='mmssl.EpochSampler', shuffle=False),
    dataset=dict(
        type='mmssl.YouTubeObjectsDataset', data_root='data/YTO/',
        metainfo=dict(classes=voc_classes),
        ann_file='ImageSets/Main/test.txt', data_prefix=dict(sub_data_root=''),
        test_mode=True, pipeline=test_pipeline))
val_dataloader = test_dataloader
test_evaluator = [
    dict(type='mmssl.VideoObjectsMetric', eval_mode='11points')]
val_evaluator = test_evaluator
custom_imports = dict(
    imports=[
        'mmssl.engine', 'mmssl.models', 'mmssl.evaluation',
        'mmssl.datasets.youtube_objects'])
del voc_classes
