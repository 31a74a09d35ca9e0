_base_ = './curl_mlp_1xb100-seq-mgr-100k_mnist.py'

custom_hooks = [
    dict(type='DynamicExpansionHook', threshold=-200.),
    dict(
        type='GenerativeReplayHook', mode='fixed', period=1000,
        supervised=True),
]
