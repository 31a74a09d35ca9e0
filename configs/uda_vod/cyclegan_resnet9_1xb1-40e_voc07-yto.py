# A fifth of the published length: 20 epochs at the full rate, 20 of decay
_base_ = './cyclegan_resnet9_1xb1-200e_voc07-yto.py'

train_cfg = dict(max_epochs=40)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1., end_factor=1 / 21, begin=19,
        end=40, by_epoch=True)]
