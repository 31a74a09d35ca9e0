# A linear layer on the frozen network, whose batch norms go on living, as
# published: model.linear_bn=eval leaves them alone
_base_ = [
    '../../_base_/action/k400.py',
    '../../_base_/action/slowonly50.py',
    '../../_base_/action/runtime.py',
]

model = dict(
    type='mmssl.FrozenRecognizer3D', linear_bn='train',
    cls_head=dict(num_classes=400, dropout_ratio=0.0))
train_cfg = dict(type='EpochTrainLoop', max_epochs=60, val_interval=10)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=4.0, momentum=0.9, nesterov=True, weight_decay=0.0))
param_scheduler = [
    dict(
        type='FractionalEpochLR', max_epochs=60, warmup=8,
        convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=512)
