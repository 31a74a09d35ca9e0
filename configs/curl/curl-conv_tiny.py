# The digits of scikit-learn, 8 pixels, with convolutional networks
_base_ = './curl_tiny.py'

model = dict(
    backbone=dict(
        _delete_=True, type='CURLConvEncoder', channels=(8, 16),
        strides=(2, 2), out_features=64, size=8),
    head=dict(
        _delete_=True, type='BernoulliConvDecoder', latent_dim=8, hidden=64,
        bottom=16, channels=(16, 8), strides=(2, 2), size=8))
train_dataloader = dict(batch_sampler=dict(n_steps=300))
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
