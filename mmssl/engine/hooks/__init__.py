# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .backbone_export_hook import BackboneExportHook
from .checkpoint_hook import CheckpointHook
from .class_components_hook import ClassComponentsHook
from .component_usage_hook import ComponentUsageHook
from .dynamic_expansion_hook import DynamicExpansionHook
from .environment_hook import EnvironmentHook
from .feature_health_hook import FeatureHealthHook
from .fixed_lr_hook import FixedLRHook
from .freeze_hook import FreezeHook
from .generative_replay_hook import GenerativeReplayHook
from .momentum_update_hook import MomentumUpdateHook
from .non_finite_loss_hook import NonFiniteLossError, NonFiniteLossHook
from .slow_data_hook import SlowDataHook
from .step_seed_hook import StepSeedHook
from .stop_signal_hook import StopSignalHook
from .summary_hook import SummaryHook

__all__ = [
    'BackboneExportHook',
    'CheckpointHook',
    'ClassComponentsHook',
    'ComponentUsageHook',
    'DynamicExpansionHook',
    'EnvironmentHook',
    'FeatureHealthHook',
    'FixedLRHook',
    'FreezeHook',
    'GenerativeReplayHook',
    'MomentumUpdateHook',
    'NonFiniteLossError',
    'NonFiniteLossHook',
    'SlowDataHook',
    'StepSeedHook',
    'StopSignalHook',
    'SummaryHook',
]
