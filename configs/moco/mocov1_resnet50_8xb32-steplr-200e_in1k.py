_base_ = [
    '../_base_/datasets/imagenet.py', '../_base_/views_image.py',
    '../_base_/models/mocov2_resnet50.py',
    '../_base_/schedules/sgd_coslr_200e.py', '../_base_/default_runtime.py',
]

model = dict(neck=dict(sizes=(2048, 128)), temperature=0.07)
train_dataloader = dict(
    batch_size=32, dataset=dict(views=[dict(_base_.moco_v1_view, num=2)]))
param_scheduler = [dict(type='MultiStepLR', milestones=[120, 160])]
