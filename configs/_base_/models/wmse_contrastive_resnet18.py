# The contrastive baseline of W-MSE: a last batch norm, temperature 0.5
model = dict(
    type='SimCLR',
    backbone=dict(type='SmallStemResNet', depth=18, stem='cifar'),
    neck=dict(type='ProjectionMLP', sizes=(512, 1024, 64), last_norm=True),
    temperature=0.5,
    joint_views=False)
