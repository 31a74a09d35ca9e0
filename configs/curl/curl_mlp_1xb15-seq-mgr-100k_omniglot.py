_base_ = [
    '../_base_/datasets/omniglot_stream.py', '../_base_/models/curl_mlp.py',
    '../_base_/schedules/curl_adam_100k.py', '../_base_/iteration_runtime.py',
]

custom_hooks = [
    dict(type='DynamicExpansionHook', threshold=-200.),
    dict(type='GenerativeReplayHook', mode='fixed'),
]
auto_scale_lr = dict(base_batch_size=15)
# latents of the first class are all alike, and that is right
default_hooks = dict(
    health=dict(warn_below=0.), usage=dict(type='ComponentUsageHook'))
