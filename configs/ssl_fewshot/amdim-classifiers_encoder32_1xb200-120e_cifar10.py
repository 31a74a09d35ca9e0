# Evaluation of the first stage: its classifiers anew, on the features of a
# checkpoint of amdim_encoder32_1xb200-300e_cifar10.py
_base_ = ['amdim_encoder32_1xb200-300e_cifar10.py']

model = dict(
    classifiers_only=True,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')))
train_cfg = dict(max_epochs=120)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[80, 110], gamma=0.2)]
