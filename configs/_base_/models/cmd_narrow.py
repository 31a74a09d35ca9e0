# An eighth of R3D-26's channels or so, for clips of 8 x 32 x 32: the fused map
# has 1 x 2 x 2 cells
_base_ = 'cmd_r3d26.py'

model = dict(
    backbone=dict(base_channels=12, zero_init_residual=False),
    motion_backbone=dict(base_channels=8, zero_init_residual=False),
    iframe_backbone=dict(base_channels=8, zero_init_residual=False),
    predictor=dict(
        in_channels=384, source_cells=4, target_cells=4, dim=64,
        num_heads=4, encoder_layers=1, decoder_layers=2, ffn_dim=64,
        dropout=0.0, linear_std=0.1),
    motion_query_head=dict(sizes=(64, 128, 64)),
    motion_key_head=dict(sizes=(64, 128, 64)),
    context_query_head=dict(sizes=(384, 128, 64)),
    context_key_head=dict(sizes=(64, 128, 64)))
