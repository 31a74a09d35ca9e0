# 1 % of the labels; write_subset.py makes the list
_base_ = [
    '../../_base_/classification/imagenet.py',
    '../../_base_/classification/finetune_resnet50.py',
    '../../_base_/classification/semisup_20e.py',
    '../../_base_/classification/runtime.py',
]

train_dataloader = dict(
    batch_size=32, dataset=dict(ann_file='meta/train_1percent.txt'))
