# For MoCo: norms of each process, weight decay
_base_ = [
    '../../_base_/action/hmdb51.py',
    '../../_base_/action/slowonly50.py',
    '../../_base_/action/finetune_ucf.py',
    '../../_base_/action/runtime.py',
]

model = dict(cls_head=dict(num_classes=51, dropout_ratio=0.5))
train_dataloader = dict(dataset=dict(pipeline=_base_.coloured_pipeline))
optim_wrapper = dict(optimizer=dict(lr=0.005, weight_decay=1e-4))
