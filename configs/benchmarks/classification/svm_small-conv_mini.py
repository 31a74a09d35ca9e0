# 255 scenes to train, 50 to test, for scrl_mini and orl_mini
_base_ = ['../../_base_/default_runtime.py']

data_root = 'data/tiny_coco/'
model = dict(
    type='FeatureExtractor',
    backbone=dict(type='SmallConvNet', strides=(2, 2, 2, 2)))
scenes = dict(
    type='ImageCoco', data_root=data_root, with_label=True,
    views=[dict(type='SquashedView', size=64)])
bank_dataloader = dict(
    batch_size=64, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        scenes, ann_file='annotations/boxes_scenes2017.json',
        images='scenes2017'))
test_dataloader = dict(
    bank_dataloader,
    dataset=dict(
        scenes, ann_file='annotations/instances_val2017.json',
        images='val2017'))
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=bank_dataloader, stage='corners')
test_evaluator = [
    dict(type='VOC07SVM', least=5),
    dict(type='LowShotSVM', least=5, shots=(1, 2, 4))]
