_base_ = './curl_mlp_1xb100-seq-mgr-100k_mnist.py'

model = dict(
    backbone=dict(sizes=(784, 400, 400)),
    neck=dict(in_features=400, latent_dim=32, n_components=10),
    head=dict(sizes=(32, 400, 400, 784)),
    supervised=True)
train_dataloader = dict(batch_sampler=dict(n_concurrent=2))
custom_hooks = [
    dict(type='ClassComponentsHook'),
    dict(type='GenerativeReplayHook', mode='fixed', supervised=True),
]
val_evaluator = [
    dict(
        type='IncrementalClassAccuracy',
        tasks=[(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)])]
test_evaluator = val_evaluator
