# AVA v2.2: mmaction2's detector on given boxes of persons; the last stage
# keeps its resolution by dilation
_base_ = ['../../_base_/action/runtime.py']

model = dict(
    _scope_='mmdet', type='FastRCNN',
    backbone=dict(
        type='mmaction.ResNet3dSlowOnly', depth=50, pretrained=None,
        lateral=False, with_pool2=False, conv1_kernel=(1, 7, 7),
        conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
        spatial_strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2),
        norm_eval=False, zero_init_residual=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    roi_head=dict(
        type='AVARoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor3D', roi_layer_type='RoIAlign',
            output_size=7, with_temporal_pool=True),
        bbox_head=dict(
            type='BBoxHeadAVA', background_class=True, in_channels=2048,
            num_classes=81, multilabel=True, dropout_ratio=0.5)),
    data_preprocessor=dict(
        type='mmaction.ActionDataPreprocessor', mean=[114.75] * 3,
        std=[57.375] * 3, format_shape='NCTHW'),
    train_cfg=dict(
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssignerAVA', pos_iou_thr=0.9, neg_iou_thr=0.9,
                min_pos_iou=0.9),
            sampler=dict(
                type='RandomSampler', num=32, pos_fraction=1, neg_pos_ub=-1,
                add_gt_as_proposals=True),
            pos_weight=1.0)),
    test_cfg=dict(rcnn=None))

data_root = 'data/ava/'
label_file = 'data/ava/annotations/ava_action_list_v2.2.pbtxt'
train_pipeline = [
    dict(type='SampleAVAFrames', clip_len=8, frame_interval=8),
    dict(type='RawFrameDecode'),
    dict(type='RandomRescale', scale_range=(256, 320)),
    dict(type='RandomCrop', size=224),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW', collapse=True),
    dict(type='PackActionInputs')]
test_pipeline = [
    dict(
        type='SampleAVAFrames', clip_len=8, frame_interval=8, test_mode=True),
    dict(type='RawFrameDecode'),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='FormatShape', input_format='NCTHW', collapse=True),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    batch_size=8, num_workers=8, persistent_workers=True, drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        _scope_='mmaction', type='AVADataset', data_root=data_root,
        data_prefix=dict(img='rawframes'), pipeline=train_pipeline,
        ann_file='annotations/ava_train_v2.2.csv', label_file=label_file,
        exclude_file='data/ava/annotations/'
        'ava_train_excluded_timestamps_v2.2.csv',
        proposal_file='data/ava/annotations/'
        'ava_dense_proposals_train.FAIR.recall_93.9.pkl'))
val_dataloader = dict(
    batch_size=1, num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        _scope_='mmaction', type='AVADataset', test_mode=True,
        data_root=data_root, data_prefix=dict(img='rawframes'),
        pipeline=test_pipeline, person_det_score_thr=0.9,
        ann_file='annotations/ava_val_v2.2.csv', label_file=label_file,
        exclude_file='data/ava/annotations/'
        'ava_val_excluded_timestamps_v2.2.csv',
        proposal_file='data/ava/annotations/'
        'ava_dense_proposals_val.FAIR.recall_93.9.pkl'))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, _scope_='mmaction', type='AVAMetric',
    ann_file='data/ava/annotations/ava_val_v2.2.csv', label_file=label_file,
    exclude_file='data/ava/annotations/'
    'ava_val_excluded_timestamps_v2.2.csv')
test_evaluator = val_evaluator
train_cfg = dict(type='EpochTrainLoop', max_epochs=32, val_interval=8)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.3, momentum=0.9, nesterov=True, weight_decay=1e-7))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=32, warmup=5.3,
        warmup_ratio=5e-4 / 0.3, steps=(0, 16, 24, 28),
        factors=(1.0, 0.1, 0.01, 0.001), convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=64)
