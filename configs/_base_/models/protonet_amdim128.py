# Weights of the first stage are named on the command line
model = dict(
    type='ProtoNet',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=128, ndf=192, n_rkhs=1536,
        n_depth=8, projections=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    way=5, shot=1, query=15,
    temperature=128.0)
