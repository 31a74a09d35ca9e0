_base_ = ['../../_base_/action/finetune_cmd.py']

model = dict(
    backbone=dict(
        _delete_=True, type='mmssl.R2Plus1D26',
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    cls_head=dict(num_classes=101, in_channels=2048))
data_root = 'data/ucf101/videos/'
