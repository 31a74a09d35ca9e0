# The default runtime, counted in iterations
_base_ = 'default_runtime.py'

log_processor = dict(type='LogProcessor', window_size=10, by_epoch=False)
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=100),
    checkpoint=dict(by_epoch=False, interval=10000))
