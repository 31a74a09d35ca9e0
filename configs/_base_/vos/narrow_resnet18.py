# A quarter of ResNet-18's channels, output stride 8
narrow_resnet18 = dict(
    type='mmdet.ResNet', depth=18, base_channels=16, stem_channels=16,
    strides=(1, 2, 1, 1), dilations=(1, 1, 1, 1), out_indices=(2, 3),
    frozen_stages=-1, norm_eval=False, zero_init_residual=False)
