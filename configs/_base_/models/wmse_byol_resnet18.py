# The BYOL baseline of W-MSE
model = dict(
    type='BYOL',
    backbone=dict(type='SmallStemResNet', depth=18, stem='cifar'),
    neck=dict(type='ProjectionMLP', sizes=(512, 1024, 64)),
    head=dict(type='PredictionHead', sizes=(64, 1024, 64)),
    momentum=0.99)
