# var_eps is ours: it keeps variances from becoming 0 (published: 0)
model = dict(
    type='CURL',
    backbone=dict(type='CURLEncoder', sizes=(784, 1200, 600, 300, 150)),
    neck=dict(
        type='MixtureLatent', in_features=150, latent_dim=32,
        n_components=100, var_eps=1e-8),
    head=dict(type='BernoulliMLPDecoder', sizes=(32, 500, 500, 784)),
    data_preprocessor=dict(type='BinaryPreprocessor', threshold=0.5))
