# TVQA, six shows, full clips ("without time stamps"); the settings of the
# paper are not published, see docs/methods/videoqa.md
_base_ = [
    '../_base_/videoqa/bert_base.py', '../_base_/videoqa/loaders.py',
    '../_base_/videoqa/main_10e.py',
]

data_root = 'data/tvqa/'
common = dict(
    type='TVQADataset', data_root=data_root, sub_file='subtitles',
    feat_file='imagenet_resnet101_pool5.h5', object_file='objects.json')
train_dataloader = dict(
    dataset=dict(
        common, ann_file='tvqa_train.jsonl', pipeline=_base_.train_pipeline))
val_dataloader = dict(
    dataset=dict(
        common, ann_file='tvqa_val.jsonl', pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
