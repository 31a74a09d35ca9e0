# CMD's three networks, 16 x 112 x 112; sync_bn of the config makes its batch
# norms those of all processes. mmaction2's ResNet3d of depth 18 with one block
# a stage is the authors' resnet10.
clip_channels = 2048
head = dict(type='ProjectionMLP', last_bias=False, last_norm=True, init_cfg=[
    dict(
        type='Kaiming', layer='Linear', mode='fan_out',
        distribution='normal'),
    dict(type='Constant', layer='_BatchNorm', val=1)])
shallow = dict(
    type='mmaction.ResNet3d', depth=18, stage_blocks=(1, 1, 1, 1),
    pretrained=None, pretrained2d=False, with_pool2=False,
    inflate_style='3x3x3')
model = dict(
    type='CMD',
    backbone=dict(type='R2Plus1D26', out_indices=(3, 4)),
    motion_backbone=dict(
        shallow, in_channels=2, conv1_stride_s=1,
        temporal_strides=(1, 2, 2, 2)),
    iframe_backbone=dict(
        shallow, conv1_kernel=(1, 7, 7), inflate=(0, 0, 0, 0)),
    predictor=dict(
        type='MotionPredictor', in_channels=clip_channels, source_cells=98,
        target_cells=49, dim=512, num_heads=8, encoder_layers=2,
        decoder_layers=4, ffn_dim=512, dropout=0.1),
    motion_query_head=dict(head, sizes=(512, 2048, 512)),
    motion_key_head=dict(head, sizes=(512, 2048, 512)),
    context_query_head=dict(head, sizes=(clip_channels, 2048, 512)),
    context_key_head=dict(head, sizes=(512, 2048, 512)),
    temperature=0.1,
    motion_weight=1.0,
    context_weight=1.0,
    fuse=True,
    key_grad_div_world=True)
del head, shallow, clip_channels
