# First stage on TVQA+
_base_ = 'videoqa-pretrain_bert-base_1xb8-3e_tvqa.py'

data_root = 'data/tvqa_plus/'
plus = dict(
    type='TVQAPlusDataset', data_root=data_root, sub_file='subtitles',
    feat_file='imagenet_resnet101_pool5.h5', object_file='objects.json')
train_dataloader = dict(
    dataset=dict(dataset=dict(plus, ann_file='tvqa_plus_train.json')))
val_dataloader = dict(
    dataset=dict(dataset=dict(plus, ann_file='tvqa_plus_val.json')))
test_dataloader = val_dataloader
