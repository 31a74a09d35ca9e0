# CIFAR-10: official batches, or train.zip and test.zip of class folders
data_root = 'data/cifar10/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.4914, 0.4822, 0.4465)],
    std=[255 * v for v in (0.2023, 0.1994, 0.2010)])

train_dataloader = dict(  # batch size and views are the method's
    num_workers=4, persistent_workers=True, pin_memory=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='CIFAR', data_root=data_root, split='train'))

# labelled pictures as they are: the bank, and the test set compared with it
bank_dataloader = dict(
    batch_size=500, num_workers=2, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='CIFAR', data_root=data_root, split='train',
        views=[dict(type='CenterView')]))
test_dataloader = dict(
    batch_size=500, num_workers=2, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='CIFAR', data_root=data_root, split='test',
        views=[dict(type='CenterView')]))
val_dataloader = test_dataloader

val_cfg = dict(type='FeatureValLoop', bank_dataloader=bank_dataloader)
test_cfg = dict(type='FeatureTestLoop', bank_dataloader=bank_dataloader)
val_evaluator = [dict(type='KNNMetric', k=5), dict(type='CollapseMetric')]
test_evaluator = [
    dict(type='KNNMetric', k=5), dict(type='LinearProbeMetric'),
    dict(type='CollapseMetric')]
