# 255 stills of COCO to 64 frames of DAVIS: data/tiny_coco and data/vod_mini.
# Crops are cut at the size at which `--mode scale_width` translates.
_base_ = './cyclegan_tiny.py'

model = dict(
    generator=dict(base_channels=16, num_blocks=2),
    discriminator=dict(base_channels=16, num_layers=3))
train_dataloader = dict(
    batch_size=1,
    dataset=dict(
        domain_a=dict(
            _delete_=True, type='ImageFolder',
            data_root='data/tiny_coco/scenes2017/'),
        domain_b=dict(
            _delete_=True, type='ImageCoco', data_root='data/vod_mini/',
            ann_file='annotations/vod_train.json', images='frames'),
        views=[dict(type='ScaledCropView', resize=(192, 256), size=128)]))
train_cfg = dict(max_epochs=6)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1., end_factor=1 / 4, begin=3, end=6,
        by_epoch=True)]
auto_scale_lr = dict(base_batch_size=1)
optim_wrapper = dict(
    generators=dict(optimizer=dict(lr=3e-4)),
    discriminators=dict(optimizer=dict(lr=3e-4)))
default_hooks = dict(
    logger=dict(interval=50), checkpoint=dict(interval=6))
custom_hooks = [dict(type='SampleSheetHook', interval=255)]
