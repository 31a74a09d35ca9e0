_base_ = './slowonly_r50.py'

# Batch norms are each process's own: keys are shuffled over a machine
model = dict(
    type='MoCo', symmetric=True, reduction='sum', sequential=True,
    shuffle_group='node', queue_length=65536, queue_init='uniform',
    temperature=0.1, momentum=0.994, end_momentum=1.0,
    neck=dict(
        type='ProjectionMLP', sizes=(2048, 2048, 2048, 128), norm_cfg=None,
        init_cfg=dict(type='Caffe2Xavier', layer='Linear')))
# The queue fills with real keys before the first step: 65536 / (64 x 8)
custom_hooks = [
    dict(
        type='FreezeHook', names=('backbone.', 'neck.'), end=128,
        by_epoch=False)]
