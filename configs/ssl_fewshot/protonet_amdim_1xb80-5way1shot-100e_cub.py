_base_ = [
    '../_base_/datasets/few_shot.py', '../_base_/models/protonet_amdim128.py',
    '../_base_/schedules/protonet_sgd_100e.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/cub200/'
model = dict(shot=1)
train_dataloader = dict(
    batch_size=80,
    sampler=dict(
        _delete_=True, type='EpisodicSampler', n_episodes=100, way=5,
        shot=1, query=15),
    dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
default_hooks = dict(
    momentum=None,
    checkpoint=dict(save_best='5way_1shot/accuracy', rule='greater'))
auto_scale_lr = dict(base_batch_size=80)
