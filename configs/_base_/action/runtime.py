_base_ = ['../downstream_runtime.py']

custom_imports = dict(imports=[
    'mmssl.engine', 'mmssl.models.algorithms.frozen_recognizer',
    'mmssl.models.heads.views_i3d_head'])
default_hooks = dict(checkpoint=dict(interval=10))
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = dict(_scope_='mmaction', type='AccMetric')
test_evaluator = val_evaluator
