_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/models/mocov2_resnet50.py',
    '../_base_/schedules/sgd_coslr_200e.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=32, dataset=dict(views=[dict(_base_.moco_v2_view, num=2)]))
