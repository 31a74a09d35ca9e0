# Eight alphabets: data/omniglot holds images_background_small1.zip and
# images_background_small2.zip, or their folders
_base_ = './curl_mlp_1xb15-seq-mgr-100k_omniglot.py'

model = dict(neck=dict(n_components=30))
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    batch_sampler=dict(n_steps=6400, n_classes=8))
train_cfg = dict(max_iters=6400, val_interval=6400)
default_hooks = dict(checkpoint=dict(interval=6400))
