default_scope = 'mmssl'
runner_type = 'mmssl.Runner'
custom_imports = dict(imports=['mmssl.engine'])

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    step_seed=dict(type='StepSeedHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    momentum=dict(type='MomentumUpdateHook'),
    health=dict(type='FeatureHealthHook'),
    nonfinite=dict(type='NonFiniteLossHook'),
    slow_data=dict(type='SlowDataHook'),
    checkpoint=dict(type='CheckpointHook', interval=10, max_keep_ckpts=3),
    stop_signal=dict(type='StopSignalHook'),
    environment=dict(type='EnvironmentHook'),
    summary=dict(type='SummaryHook'),
    backbone_export=dict(type='BackboneExportHook'),
)

# Another tracker beside it: vis_backends = [dict(type='LocalVisBackend'),
# dict(type='TensorboardVisBackend')] in a config; one that fails is left out.
visualizer = dict(
    type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))  # gloo where there is no GPU

log_processor = dict(type='LogProcessor', window_size=10, by_epoch=True)
log_level = 'INFO'

randomness = dict(seed=0, deterministic=False)
load_from = None
resume = False
strict_load = True  # False: accept a backbone match below 90 %
trust_checkpoint = False  # True: unpickle a foreign checkpoint
