# The few-shot model of all released checkpoints: 194 M parameters without
# the two projections
model = dict(
    type='AMDIM',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=128, ndf=192, n_rkhs=1536,
        n_depth=8),
    tclip=20.0,
    reg_weight=0.05)
