# Batches of 8 questions of like length; evaluation of every epoch
_base_ = '../default_runtime.py'
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    batch_sampler=dict(type='LengthBucketBatchSampler', window=16),
    collate_fn=dict(type='mmssl.collate_video_qa'))
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_video_qa'))
test_dataloader = dict(
    batch_size=8,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_video_qa'))
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='VideoQAAccuracy', by=['dataset', 'type'])]
test_evaluator = val_evaluator
default_hooks = dict(
    momentum=None, backbone_export=None,
    logger=dict(type='LoggerHook', interval=50),
    checkpoint=dict(
        interval=1, max_keep_ckpts=1, save_best='qa/accuracy',
        rule='greater'))
auto_scale_lr = dict(base_batch_size=8)
