# The default runtime without what watches embeddings; sheets of samples
_base_ = 'default_runtime.py'

default_hooks = dict(
    momentum=None, health=None, backbone_export=None,
    logger=dict(type='LoggerHook', interval=100))
custom_hooks = [dict(type='SampleSheetHook', interval=5000)]
