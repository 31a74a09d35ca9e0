# First stage on TVQA: the question among those of other clips
_base_ = [
    '../_base_/videoqa/bert_base.py', '../_base_/videoqa/loaders.py',
    '../_base_/videoqa/pretrain_3e.py',
]

data_root = 'data/tvqa/'
common = dict(
    type='TVQADataset', data_root=data_root, sub_file='subtitles',
    feat_file='imagenet_resnet101_pool5.h5', object_file='objects.json',
    pipeline=_base_.test_pipeline)
selection = dict(
    type='QuestionSelectionDataset', num_candidates=5, negatives='any',
    with_answer=False)
model = dict(span_head=None, contrast_head=None)
train_dataloader = dict(
    dataset=dict(
        selection, dataset=dict(common, ann_file='tvqa_train.jsonl')))
val_dataloader = dict(
    dataset=dict(selection, dataset=dict(common, ann_file='tvqa_val.jsonl')))
test_dataloader = val_dataloader
