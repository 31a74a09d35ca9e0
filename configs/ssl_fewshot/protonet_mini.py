# Second stage, from a checkpoint of amdim_mini.py (or from scratch:
# --cfg-options model.backbone.init_cfg=None)
_base_ = [
    '../_base_/datasets/few_shot.py',
    '../_base_/schedules/protonet_sgd_100e.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/fewshot_mini/'
whole_view = dict(
    type='CenterView', resize=32, size=32, interpolation='bicubic')
model = dict(
    type='ProtoNet',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=32, ndf=12, n_rkhs=96, n_depth=1,
        projections=False, zero_init=True,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    way=5, shot=1, query=15, temperature=24.0)
train_dataloader = dict(
    batch_size=80, num_workers=1,
    sampler=dict(
        _delete_=True, type='EpisodicSampler', n_episodes=100, way=5, shot=1,
        query=15),
    dataset=dict(
        data_root=data_root, images='images.zip', views=[whole_view]))
val_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root, images='images.zip', views=[whole_view]))
test_dataloader = dict(
    num_workers=0,
    dataset=dict(
        data_root=data_root, images='images.zip', views=[whole_view]))
train_cfg = dict(max_epochs=5, val_interval=1)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(type='MultiStepLR', milestones=[4], gamma=0.2)]
default_hooks = dict(
    momentum=None,
    checkpoint=dict(save_best='5way_1shot/accuracy', rule='greater'))
auto_scale_lr = dict(base_batch_size=80)
