_base_ = './curl_mlp_1xb15-seq-mgr-100k_omniglot.py'

custom_hooks = [
    dict(type='DynamicExpansionHook', threshold=-200.),
    dict(type='GenerativeReplayHook', mode='dynamic'),
]
