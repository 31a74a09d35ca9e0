_base_ = './curl_mlp_1xb100-seq-100k_mnist.py'

model = dict(
    backbone=dict(sizes=(784, 500, 500)),
    neck=dict(in_features=500, latent_dim=50, n_components=25),
    head=dict(sizes=(50, 500, 784)),
    sample_latents=True)
train_dataloader = dict(batch_sampler=dict(schedule='iid'))
optim_wrapper = dict(optimizer=dict(lr=5e-4))
