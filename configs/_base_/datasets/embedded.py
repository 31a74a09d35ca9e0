# Grey patches of photographs that ship inside wheels: nothing to download
data_preprocessor = dict(
    type='ViewsDataPreprocessor', mean=[110.0] * 3, std=[60.0] * 3)

train_dataloader = dict(
    batch_size=128, num_workers=2, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='EmbeddedPhotos', split='train', per_class=60))

bank_dataloader = dict(
    batch_size=256, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='EmbeddedPhotos', split='train', per_class=60,
        views=[dict(type='CenterView')]))
test_dataloader = dict(
    batch_size=256, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='EmbeddedPhotos', split='test', per_class=30,
        views=[dict(type='CenterView')]))
val_dataloader = test_dataloader

val_cfg = dict(type='FeatureValLoop', bank_dataloader=bank_dataloader)
test_cfg = dict(type='FeatureTestLoop', bank_dataloader=bank_dataloader)
val_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric', epochs=100),
    dict(type='CollapseMetric')]
