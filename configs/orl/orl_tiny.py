# Stage 3 on scenes made of photographs, whose correspondences are known
_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/views_image.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    type='ORL',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    neck=dict(type='ProjectionMLP', sizes=(64, 64, 16), last_bias=False),
    head=dict(type='PredictionHead', sizes=(16, 64, 16), last_bias=False),
    momentum=0.9)
view = dict(_base_.simclr_cifar_view, num=2)
patch = dict(_base_.simclr_cifar_view, size=24)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='EmbeddedScenes', num_scenes=1140, views=[view],
        patches=[patch, patch], regions=dict(neighbours=4, min_iou=0.5)))
