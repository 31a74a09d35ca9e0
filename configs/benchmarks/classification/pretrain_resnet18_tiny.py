# SimCLR for a few seconds; gives multistage_tiny.py a backbone with stages
_base_ = ['../../simclr/simclr_tiny.py']

model = dict(
    backbone=dict(
        _delete_=True, type='SmallStemResNet', depth=18, stem='imagenet'),
    neck=dict(sizes=(512, 64, 16)))
