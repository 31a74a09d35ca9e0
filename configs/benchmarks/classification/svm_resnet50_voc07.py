# Linear SVMs on frozen features, with all labels and with few
_base_ = ['../../_base_/default_runtime.py']

data_root = 'data/VOCdevkit/'
model = dict(
    type='FeatureExtractor',
    backbone=dict(type='mmdet.ResNet', depth=50, out_indices=(3, )))
voc = dict(
    type='ImageCoco', data_root=data_root, images='VOC2007/JPEGImages',
    with_label=True, views=[dict(type='SquashedView', size=224)])
bank_dataloader = dict(
    batch_size=64, num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(voc, ann_file='voc07_trainval.json'))
test_dataloader = dict(
    bank_dataloader, dataset=dict(voc, ann_file='voc07_test.json'))
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank_dataloader, stage='corners')
test_evaluator = [
    dict(type='VOC07SVM', workers=8), dict(type='LowShotSVM', workers=8)]
