# Detector 1 of today: mmdet's ResNet-50 with FPN and its VOC schedule
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    '../../_base_/datasets/voc07_detection_youtube_objects.py',
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
train_dataloader = dict(batch_size=4)
train_cfg = dict(type='mmssl.EpochTrainLoop', max_epochs=12, val_interval=4)
log_processor = dict(by_epoch=True)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=True, milestones=[9], gamma=0.1)]
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=4))
