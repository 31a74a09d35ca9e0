# NOT the authors' setting: their code has none for ImageNet-1k.  Whitening 512
# dimensions takes 1024 rows of one process, hence the large batch; recomputed
# activations (with_cp) and --amp make it smaller in memory.
_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/schedules/lars_coslr_200e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='WMSE',
    backbone=dict(
        type='mmdet.ResNet', depth=50, out_indices=(3, ), norm_eval=False,
        norm_cfg=dict(type='SyncBN'), with_cp=True),
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 1024, 1024, 512),
        norm_cfg=dict(type='SyncBN')),
    w_size=1024)
train_dataloader = dict(
    batch_size=1024, dataset=dict(views=[dict(_base_.wmse_imagenet_view, num=4)]))
