# What streams of small pictures share: loaders, and evaluation of latents
train_dataloader = dict(
    batch_size=100, num_workers=1, persistent_workers=True,
    sampler=dict(type='EpochSampler'),
    batch_sampler=dict(
        type='ContinualClassStream', n_steps=100000, n_classes=10),
    collate_fn=dict(type='mmssl.collate_views'))
test_dataloader = dict(
    batch_size=1000, num_workers=0, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
val_dataloader = test_dataloader

val_cfg = dict(
    type='FeatureValLoop', bank_dataloader=test_dataloader, stage='neck')
test_cfg = dict(
    type='FeatureTestLoop', bank_dataloader=test_dataloader, stage='neck')
val_evaluator = [
    dict(type='ClusterPurity'), dict(type='LatentKNNError', k=(3, 5, 10)),
    dict(type='EvidenceBound')]
test_evaluator = val_evaluator
