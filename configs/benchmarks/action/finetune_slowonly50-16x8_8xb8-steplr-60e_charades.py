# Several actions at once: sigmoids, of 10 clips x 3 crops each class takes its
# greatest; mAP over 157 classes
_base_ = [
    '../../_base_/action/views_8x8.py', '../../_base_/action/slowonly50.py',
    '../../_base_/action/runtime.py',
]

model = dict(
    cls_head=dict(
        type='mmssl.ViewsI3DHead', num_classes=157, dropout_ratio=0.5,
        multi_class=True, loss_cls=dict(type='BCELossWithLogits')))
data_root = 'data/charades/'
train_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=16, frame_interval=8,
        short_side=None),
    dict(type='mmssl.ClipLabels', num_classes=157),
    *_base_.train_pipeline[1:]]
val_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=16, frame_interval=8,
        sampling='offset', short_side=256),
    dict(type='mmssl.ClipLabels', num_classes=157, whole=True),
    *_base_.val_pipeline[1:]]
test_pipeline = [
    dict(
        type='mmssl.DecodeClips', num_clips=10, clip_len=16, frame_interval=8,
        sampling='uniform', short_side=256),
    dict(type='mmssl.ClipLabels', num_classes=157, whole=True),
    *_base_.test_pipeline[1:]]
train_dataloader = dict(
    dataset=dict(
        type='mmssl.CharadesVideoDataset', data_root=data_root,
        ann_file='Charades_v1_train.csv', pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        type='mmssl.CharadesVideoDataset', data_root=data_root,
        ann_file='Charades_v1_test.csv', pipeline=val_pipeline))
test_dataloader = dict(
    dataset=dict(
        type='mmssl.CharadesVideoDataset', data_root=data_root,
        ann_file='Charades_v1_test.csv', pipeline=test_pipeline))
val_evaluator = dict(metric_list=('mean_average_precision',))
test_evaluator = val_evaluator
train_cfg = dict(type='EpochTrainLoop', max_epochs=60, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-4))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=60, warmup=5,
        steps=(0, 40, 50), factors=(1.0, 0.1, 0.01),
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=64)
