_base_ = [
    '../_base_/datasets/embedded.py', '../_base_/schedules/tiny_4e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='ProtoNet',
    backbone=dict(type='SmallConvNet', channels=(8, 16, 32, 64)),
    way=5, shot=5, query=15, temperature=1.0)
train_dataloader = dict(
    batch_size=100,
    sampler=dict(
        _delete_=True, type='EpisodicSampler', n_episodes=24, way=5, shot=5,
        query=15),
    dataset=dict(views=[dict(type='CenterView')]))
default_hooks = dict(momentum=None)
val_evaluator = [
    dict(type='KNNMetric', k=5),
    dict(type='FewShotAccuracy', n_episodes=600, shot=5)]
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=100)
