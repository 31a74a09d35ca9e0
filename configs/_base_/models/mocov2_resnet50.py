# Batch norms are each process's own: keys are shuffled over processes
model = dict(
    type='MoCo',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        zero_init_residual=False),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 128), norm_cfg=None),
    queue_length=65536,
    temperature=0.2,
    momentum=0.999)
