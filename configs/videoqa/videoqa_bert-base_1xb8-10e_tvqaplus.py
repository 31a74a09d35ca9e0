# TVQA+: The Big Bang Theory, with time spans and boxes
_base_ = 'videoqa_bert-base_1xb8-10e_tvqa.py'

data_root = 'data/tvqa_plus/'
plus = dict(
    type='TVQAPlusDataset', data_root=data_root, sub_file='subtitles',
    feat_file='imagenet_resnet101_pool5.h5', object_file='objects.json')
train_dataloader = dict(
    dataset=dict(plus, ann_file='tvqa_plus_train.json'))
val_dataloader = dict(dataset=dict(plus, ann_file='tvqa_plus_val.json'))
test_dataloader = val_dataloader
# The method predicts no boxes; box_file and word_list measure those of others
val_evaluator = [
    dict(type='VideoQAAccuracy', by=['type']),
    dict(type='TVQAPlusMetric', gt_file='data/tvqa_plus/tvqa_plus_val.json')]
test_evaluator = val_evaluator
