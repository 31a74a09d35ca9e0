# Evaluation of the first stage: its classifiers anew, on the features of a
# checkpoint of amdim_encoder64_1xb200-300e_stl10.py
_base_ = ['amdim_encoder64_1xb200-300e_stl10.py']

model = dict(
    classifiers_only=True,
    backbone=dict(
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')))
train_dataloader = dict(dataset=dict(split='train'))  # the labelled part
train_cfg = dict(max_epochs=120)
param_scheduler = [
    dict(type='MultiStepLR', milestones=[80, 110], gamma=0.2)]
