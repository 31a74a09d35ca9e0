# For BYOL, SimCLR and SwAV: synchronous norms, no weight decay
_base_ = [
    '../../_base_/action/hmdb51.py',
    '../../_base_/action/slowonly50.py',
    '../../_base_/action/finetune_ucf.py',
    '../../_base_/action/runtime.py',
]

model = dict(
    backbone=dict(norm_cfg=dict(type='SyncBN', requires_grad=True)),
    cls_head=dict(num_classes=51, dropout_ratio=0.8))
train_dataloader = dict(dataset=dict(pipeline=_base_.coloured_pipeline))
