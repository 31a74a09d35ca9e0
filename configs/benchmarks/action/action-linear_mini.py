# A linear layer on the frozen network
_base_ = ['action-finetune_mini.py']

model = dict(
    type='mmssl.FrozenRecognizer3D', linear_bn='train',
    cls_head=dict(dropout_ratio=0.0))
optim_wrapper = dict(optimizer=dict(lr=1e-2, weight_decay=0.0))
