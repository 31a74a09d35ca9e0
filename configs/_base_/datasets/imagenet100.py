# ImageNet-100: train/ original pictures; clf/ and test/ resized to 256, cut to 224
data_root = 'data/imagenet100/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.485, 0.456, 0.406)],
    std=[255 * v for v in (0.229, 0.224, 0.225)])

train_dataloader = dict(  # batch size and views are the method's
    num_workers=8, persistent_workers=True, pin_memory=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='ImageNet', data_root=data_root, split='train'))

# labelled pictures as they are: the bank, and the test set compared with it
bank_dataloader = dict(
    batch_size=500, num_workers=2, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='ImageNet', data_root=data_root, split='clf',
        views=[dict(type='CenterView')]))
test_dataloader = dict(
    batch_size=500, num_workers=2, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='ImageNet', data_root=data_root, split='test',
        views=[dict(type='CenterView')]))
val_dataloader = test_dataloader

val_cfg = dict(type='FeatureValLoop', bank_dataloader=bank_dataloader)
test_cfg = dict(type='FeatureTestLoop', bank_dataloader=bank_dataloader)
val_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric'),
    dict(type='CollapseMetric')]
