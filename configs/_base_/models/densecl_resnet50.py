# Batch norms are each process's own: keys are shuffled over processes
model = dict(
    type='DenseCL',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        zero_init_residual=False),
    neck=dict(type='DenseCLNeck', sizes=(2048, 2048, 128)),
    dense_weight=0.5,
    queue_length=65536,
    temperature=0.2,
    momentum=0.999)
