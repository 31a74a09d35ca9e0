model = dict(
    type='WMSE',
    backbone=dict(type='SmallStemResNet', depth=18, stem='cifar'),
    neck=dict(type='ProjectionMLP', sizes=(512, 1024, 64)),
    w_size=128)
