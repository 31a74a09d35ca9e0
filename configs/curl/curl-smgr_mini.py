_base_ = './curl_mini.py'

custom_hooks = [
    dict(type='DynamicExpansionHook', threshold=-200.),
    dict(type='GenerativeReplayHook', mode='fixed', supervised=True),
]
