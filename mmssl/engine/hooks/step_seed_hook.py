# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Random numbers of a step that hang on the step alone."""

import random

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.registry import HOOKS


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seeds torch, numpy and random before each training iteration.

    The seed is a hash of (seed of the run, iteration, rank).  So a resumed
    run draws what the uninterrupted one would have drawn, with no generator
    state in the checkpoint, and validation in between changes nothing.
    """

    priority = 'VERY_HIGH'

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None
    ) -> None:
        """Seed the three global generators."""
        key = (runner.seed, runner.iter, runner.rank)
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
