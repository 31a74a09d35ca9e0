# MNIST as a stream of classes; data/mnist holds the four idx-ubyte files,
# gzipped or not
data_root = 'data/mnist/'
as_it_is = [dict(type='CenterView')]

train_dataloader = dict(
    batch_size=100, num_workers=1, persistent_workers=True,
    sampler=dict(type='EpochSampler'),
    batch_sampler=dict(
        type='ContinualClassStream', n_steps=100000, n_classes=10),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='MNIST', data_root=data_root, split='train', views=as_it_is))
bank = dict(
    batch_size=1000, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='MNIST', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    batch_size=1000, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='MNIST', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader

val_cfg = dict(type='FeatureValLoop', bank_dataloader=bank, stage='neck')
test_cfg = dict(type='FeatureTestLoop', bank_dataloader=bank, stage='neck')
val_evaluator = [
    dict(type='ClusterPurity'), dict(type='LatentKNNError', k=(3, 5, 10)),
    dict(type='EvidenceBound')]
test_evaluator = val_evaluator
del as_it_is, bank
