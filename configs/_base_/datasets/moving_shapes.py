# Generated videos of two textured shapes: nothing to download
train_dataloader = dict(
    batch_size=4, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='MovingShapeClips', num_frames=3,
        pipeline=[
            dict(type='ClipFlip', prob=0.5),
            dict(type='GuidedView', share=(0.5, 1.0), flip_prob=0.5),
            dict(type='PackClipViews')]))
test_dataloader = dict(
    batch_size=1, num_workers=0,
    dataset=dict(type='MovingShapeSequences'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
test_cfg = dict(
    type='VOSTestLoop', layer=-1, context=5, radius=5, topk=5,
    temperature=0.05)
test_evaluator = [dict(type='DAVISMetric')]
val_dataloader = test_dataloader
val_cfg = dict(
    type='VOSValLoop', layer=-1, context=5, radius=5, topk=5,
    temperature=0.05)
val_evaluator = test_evaluator
