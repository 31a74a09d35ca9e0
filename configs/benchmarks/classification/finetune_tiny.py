_base_ = ['linear_tiny.py']

model = dict(frozen=False, head=dict(with_norm=False))
optim_wrapper = dict(
    optimizer=dict(lr=0.03, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))))
