# What `make quickstart` runs: 19 grey photographs, patches of 48 pixels
_base_ = ['../simclr/simclr_tiny.py']

model = dict(
    backbone=dict(
        channels=(16, 32, 64, 128), strides=(2, 2, 2, 2)),
    neck=dict(sizes=(128, 128, 64)),
    temperature=0.2)
train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        per_class=200,
        views=[dict(_base_.simclr_cifar_view, num=2, size=48)]))
