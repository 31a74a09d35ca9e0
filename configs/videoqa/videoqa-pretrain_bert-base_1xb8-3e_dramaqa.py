# First stage on DramaQA
_base_ = 'videoqa-pretrain_bert-base_1xb8-3e_tvqa.py'

data_root = 'data/dramaqa/'
drama = dict(
    _delete_=True, type='DramaQADataset', data_root=data_root,
    script_file='AnotherMissOh_script.json',
    visual_file='AnotherMissOh_visual.json', feat_file='resnet101.h5',
    pipeline=_base_.test_pipeline)
train_dataloader = dict(
    dataset=dict(
        dataset=dict(drama, ann_file='AnotherMissOhQA_train_set.json')))
val_dataloader = dict(
    dataset=dict(
        dataset=dict(drama, ann_file='AnotherMissOhQA_val_set.json')))
test_dataloader = val_dataloader
