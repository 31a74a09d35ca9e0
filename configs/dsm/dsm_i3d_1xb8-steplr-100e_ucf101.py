_base_ = [
    '../_base_/datasets/ucf101_triplets.py',
    '../_base_/models/dsm.py', '../_base_/schedules/dsm_sgd_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='I3DInception'), neck=dict(sizes=(1024, 128)))
train_dataloader = dict(dataset=dict(views=[dict(_base_.dsm_view, num=3)]))
