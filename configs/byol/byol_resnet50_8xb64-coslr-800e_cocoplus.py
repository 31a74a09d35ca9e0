# COCO+: train2017 and unlabeled2017, both below data/coco/
_base_ = 'byol_resnet50_8xb64-coslr-800e_coco.py'

data_root = 'data/coco/'
train_dataloader = dict(
    dataset=dict(
        type='ImageList', data_root=data_root, ann_file='coco_plus.txt'))
# 473 steps an epoch: 4 epochs and one step, as in the setting for COCO
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=800, end=800),
    dict(
        type='LinearLR', start_factor=1e-4, end=4.0025,
        convert_to_iter_based=True)]
