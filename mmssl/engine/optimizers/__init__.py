# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from .amp_optim_wrapper import AmpOptimWrapper
from .bias_groups import BiasGroupsConstructor
from .fractional_epoch_lr import FractionalEpochLR
from .lars import LARS
from .multi_optim_wrapper import MultiOptimWrapperConstructor
from .warmup_cosine_restart_lr import WarmupCosineRestartLR
from .warmup_epoch_cosine_lr import WarmupEpochCosineLR

__all__ = [
    'LARS',
    'AmpOptimWrapper',
    'BiasGroupsConstructor',
    'FractionalEpochLR',
    'MultiOptimWrapperConstructor',
    'WarmupCosineRestartLR',
    'WarmupEpochCosineLR',
]
