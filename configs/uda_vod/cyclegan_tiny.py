# Generated shapes, sharp and spoilt: nothing to download, half a minute
_base_ = [
    '../_base_/models/cyclegan.py',
    '../_base_/schedules/cyclegan_adam_200e.py',
    '../_base_/translation_runtime.py',
]

model = dict(
    generator=dict(base_channels=8, num_blocks=2),
    discriminator=dict(base_channels=8, num_layers=2))
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='UnpairedImageDataset',
        domain_a=dict(type='ToyShapes', domain='still', count=80),
        domain_b=dict(type='ToyShapes', domain='video', count=80),
        views=[dict(type='ScaledCropView', resize=34, size=32)]))
train_cfg = dict(max_epochs=5)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1., end_factor=1 / 3, begin=2, end=5,
        by_epoch=True)]
auto_scale_lr = dict(base_batch_size=2)
optim_wrapper = dict(
    generators=dict(optimizer=dict(lr=1e-3)),
    discriminators=dict(optimizer=dict(lr=1e-3)))
default_hooks = dict(logger=dict(interval=20))
custom_hooks = [dict(type='SampleSheetHook', interval=200)]
