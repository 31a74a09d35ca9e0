_base_ = [
    '../_base_/datasets/scene_motion.py', '../_base_/models/dsm_triplet.py',
    '../_base_/schedules/tiny_4e.py', '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        type='SmallConvNet', dims=3, channels=(8, 16, 32),
        strides=((1, 2, 2), 2, 2)),
    neck=dict(sizes=(32, 16)))
train_dataloader = dict(
    dataset=dict(
        per_pair=4, views=[dict(_base_.scene_motion_view, num=3)]))
test_dataloader = dict(dataset=dict(per_pair=2))
val_dataloader = test_dataloader
bank = dict(dataset=dict(per_pair=4))
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
# Slower than its neighbours: scenes are learnt within a few steps, and the
# margin within a video is not overcome in so few.
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=12, val_interval=12)
auto_scale_lr = dict(base_batch_size=24)
del bank
