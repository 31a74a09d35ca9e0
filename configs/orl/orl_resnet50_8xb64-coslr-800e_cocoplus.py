# COCO+: train2017 and unlabeled2017; images.txt beside the pairs lists them
_base_ = 'orl_resnet50_8xb64-coslr-800e_coco.py'

data_root = 'data/coco/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, pair_file='data/coco/orl_plus/pairs.npz'))
# 473 steps an epoch: 4 epochs and one step, as in the setting for COCO
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=800, end=800),
    dict(
        type='LinearLR', start_factor=1e-4, end=4.0025,
        convert_to_iter_based=True)]
