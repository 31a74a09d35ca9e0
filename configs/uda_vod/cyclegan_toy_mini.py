# Toy shapes: what fcos_toy_mini is adapted with; two minutes
_base_ = './cyclegan_tiny.py'

train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        domain_a=dict(count=300, seed=0), domain_b=dict(count=300, seed=1),
        views=[dict(type='ScaledCropView', resize=68, size=64)]))
train_cfg = dict(max_epochs=6)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1., end_factor=1 / 4, begin=3, end=6,
        by_epoch=True)]
auto_scale_lr = dict(base_batch_size=4)
