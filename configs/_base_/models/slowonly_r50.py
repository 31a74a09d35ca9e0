# Slow-only network, 8 frames: no stride in time, wide in time in the last
# two stages; initialised anew, last norms of the blocks too
model = dict(
    backbone=dict(
        type='mmaction.ResNet3dSlowOnly', depth=50, pretrained=None,
        lateral=False, with_pool2=False, conv1_kernel=(1, 7, 7),
        conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
        norm_cfg=dict(type='BN3d', requires_grad=True), norm_eval=False,
        zero_init_residual=False))
