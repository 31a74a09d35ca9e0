# CycleGAN of 256-pixel pictures as published
model = dict(
    type='CycleGANTranslator',
    generator=dict(type='ResNetGenerator', base_channels=64, num_blocks=9),
    discriminator=dict(
        type='PatchDiscriminator', base_channels=64, num_layers=3),
    lambda_a=10., lambda_b=10., lambda_idt=0.5, lambda_cycle=1.,
    gan_type='lsgan', pool_size=50,
    data_preprocessor=dict(
        type='ViewsDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3))
