_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/models/byol_resnet50.py',
    '../_base_/schedules/lars_coslr_200e.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=256,
    dataset=dict(views=[_base_.byol_view_a, _base_.byol_view_b]))
