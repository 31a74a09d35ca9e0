# Something-Something v2: a frame of each of eight segments, no mirroring
_base_ = [
    '../../_base_/action/views_8x8.py', '../../_base_/action/slowonly50.py',
    '../../_base_/action/runtime.py',
]

model = dict(cls_head=dict(num_classes=174, dropout_ratio=0.5))
data_root = 'data/sthv2/videos/'
train_pipeline = [
    dict(type='mmssl.DecodeSegments', clip_len=8, short_side=None),
    dict(type='mmssl.RandomShortSide', low=256, high=320),
    dict(type='RandomCrop', size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
val_pipeline = [
    dict(
        type='mmssl.DecodeSegments', clip_len=8, sampling='uniform',
        short_side=256),
    dict(type='CenterCrop', crop_size=256),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=174, pipeline=train_pipeline,
        ann_file='../sthv2_train_list_videos.txt'))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=174, pipeline=val_pipeline,
        ann_file='../sthv2_val_list_videos.txt'))
test_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=174, pipeline=val_pipeline,
        ann_file='../sthv2_val_list_videos.txt'))
train_cfg = dict(type='EpochTrainLoop', max_epochs=22, val_interval=2)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.12, momentum=0.9, nesterov=True, weight_decay=1e-6))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=22, warmup=0.19,
        warmup_ratio=1e-4 / 0.12, steps=(0, 14, 18),
        factors=(1.0, 0.1, 0.01), convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=64)
