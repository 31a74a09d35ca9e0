# 16 frames, every fourth one, of 112 pixels, as CMD and DSM are evaluated
_base_ = ['retrieval_slowonly50-8x8_ucf101.py']

model = dict(
    backbone=dict(
        _delete_=True, type='C3DBN'),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]))
clips = dict(
    type='LoadStrided', clip_len=16, frame_interval=4, short_side=128)
views = [dict(type='CenterView', size=112, num=10)]
test_dataloader = dict(dataset=dict(clips=clips, views=views))
test_cfg = dict(
    bank_dataloader=dict(dataset=dict(clips=clips, views=views)))
del clips, views
