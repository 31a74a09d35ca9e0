# What labelled pictures share: loaders, and evaluation of frozen features
train_dataloader = dict(  # batch size and views are the method's
    num_workers=8, persistent_workers=True, pin_memory=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'))

# labelled pictures as they are: the bank, and the test set compared with it
test_dataloader = dict(
    batch_size=500, num_workers=2, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
val_dataloader = test_dataloader

val_cfg = dict(type='FeatureValLoop', bank_dataloader=test_dataloader)
test_cfg = dict(type='FeatureTestLoop', bank_dataloader=test_dataloader)
val_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric'),
    dict(type='CollapseMetric')]
