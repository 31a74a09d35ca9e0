# DramaQA: no time spans, so no loss of spans
_base_ = [
    '../_base_/videoqa/bert_base.py', '../_base_/videoqa/loaders.py',
    '../_base_/videoqa/main_10e.py',
]

data_root = 'data/dramaqa/'
common = dict(
    type='DramaQADataset', data_root=data_root,
    script_file='AnotherMissOh_script.json',
    visual_file='AnotherMissOh_visual.json', feat_file='resnet101.h5')
model = dict(span_head=None)
train_dataloader = dict(
    dataset=dict(
        common, ann_file='AnotherMissOhQA_train_set.json',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(
    dataset=dict(
        common, ann_file='AnotherMissOhQA_val_set.json',
        pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='VideoQAAccuracy', by=['type']), dict(type='DramaQAMetric')]
test_evaluator = val_evaluator
