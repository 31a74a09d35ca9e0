_base_ = [
    '../_base_/datasets/kinetics400_triplets.py',
    '../_base_/models/dsm_triplet.py', '../_base_/schedules/dsm_sgd_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='C3DBN'))
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.dsm_view_112, num=3)]))
test_dataloader = dict(dataset=dict(views=_base_.center_112))
test_cfg = dict(
    bank_dataloader=dict(dataset=dict(views=_base_.center_112)))
train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=256)
