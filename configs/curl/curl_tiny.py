# The digits of scikit-learn, 8 pixels: nothing to download
_base_ = './curl_mlp_1xb100-seq-mgr-100k_mnist.py'

model = dict(
    backbone=dict(sizes=(64, 128, 64)),
    neck=dict(in_features=64, latent_dim=8, n_components=20),
    head=dict(sizes=(8, 128, 64)))
as_it_is = [dict(type='CenterView')]
digits = dict(
    _delete_=True, type='EmbeddedDigits', split='train', views=as_it_is)
train_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=digits,
    batch_sampler=dict(n_steps=600))
test_dataloader = dict(
    dataset=dict(
        _delete_=True, type='EmbeddedDigits', split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=dict(dataset=digits))
test_cfg = dict(bank_dataloader=dict(dataset=digits))
val_evaluator = [
    dict(type='ClusterPurity'), dict(type='KNNMetric', k=5),
    dict(type='LatentKNNError'), dict(type='EvidenceBound')]
test_evaluator = val_evaluator
custom_hooks = [
    dict(
        type='DynamicExpansionHook', threshold=-22., wait_steps=20,
        burn_in=20),
    dict(type='GenerativeReplayHook', mode='fixed'),
]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
del as_it_is, digits
