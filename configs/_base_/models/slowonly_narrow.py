# The Slow-only network of rho, eight layers deep a stage less and an eighth
# as wide, for small data on a CPU
model = dict(
    backbone=dict(
        type='mmaction.ResNet3dSlowOnly', depth=18, base_channels=8,
        pretrained=None, lateral=False, with_pool2=False,
        conv1_kernel=(1, 7, 7), conv1_stride_t=1, pool1_stride_t=1,
        inflate=(0, 0, 1, 1), norm_eval=False, zero_init_residual=False))
