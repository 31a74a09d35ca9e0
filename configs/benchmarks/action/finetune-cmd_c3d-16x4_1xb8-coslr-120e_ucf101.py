_base_ = ['../../_base_/action/finetune_cmd.py']

model = dict(
    backbone=dict(
        _delete_=True, type='mmssl.C3DBN',
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    cls_head=dict(num_classes=101, in_channels=512))
data_root = 'data/ucf101/videos/'
