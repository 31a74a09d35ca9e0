# Detectors of mmdet by tools/train.py: names of mmssl have their prefix
default_scope = 'mmdet'
runner_type = 'mmssl.Runner'
custom_imports = dict(
    imports=['mmssl.engine', 'mmssl.models', 'mmssl.evaluation'])

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    step_seed=dict(type='mmssl.StepSeedHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    nonfinite=dict(type='mmssl.NonFiniteLossHook'),
    slow_data=dict(type='mmssl.SlowDataHook'),
    checkpoint=dict(
        type='mmssl.CheckpointHook', by_epoch=False, interval=10000,
        max_keep_ckpts=3),
    stop_signal=dict(type='mmssl.StopSignalHook'),
    environment=dict(type='mmssl.EnvironmentHook'),
    summary=dict(type='mmssl.SummaryHook'),
)
visualizer = dict(
    type='mmssl.Visualizer', vis_backends=[dict(type='LocalVisBackend')])
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'
randomness = dict(seed=0, deterministic=False)
load_from = None
resume = False
strict_load = True
trust_checkpoint = False
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
