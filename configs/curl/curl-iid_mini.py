_base_ = './curl_mini.py'

train_dataloader = dict(batch_sampler=dict(schedule='iid', n_steps=2000))
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
custom_hooks = [dict(type='DynamicExpansionHook', threshold=-200.)]
