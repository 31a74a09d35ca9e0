_base_ = './curl_mlp_1xb15-seq-100k_omniglot.py'

model = dict(
    backbone=dict(sizes=(784, 500, 500)),
    neck=dict(in_features=500, latent_dim=100, n_components=100),
    head=dict(sizes=(100, 500, 784)),
    sample_latents=True)
train_dataloader = dict(batch_sampler=dict(schedule='iid'))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
