_base_ = ['../../_base_/action/finetune_dsm.py']

model = dict(
    backbone=dict(
        _delete_=True, type='mmssl.I3DInception',
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    cls_head=dict(num_classes=101, in_channels=1024))
train_pipeline = [
    dict(
        type='mmssl.DecodeStrided', num_clips=1, clip_len=64,
        frame_interval=1, overrun='wrap', short_side=None),
    dict(
        type='mmssl.ViewOfImgs', view='TurnedView', size=224, resize=256,
        degrees=10.0, jitter=(0.5, 0.5, 0.25, 0.5)),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
test_pipeline = [
    dict(
        type='mmssl.DecodeStrided', num_clips=10, clip_len=64,
        frame_interval=1, overrun='wrap', sampling='uniform',
        short_side=256),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
data_root = 'data/ucf101/videos/'
