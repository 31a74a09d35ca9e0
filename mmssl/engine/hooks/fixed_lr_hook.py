# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Parameter groups that no schedule touches."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.optim import Optimizer

from mmssl.registry import HOOKS


@HOOKS.register_module()
class FixedLRHook(Hook):
    """Keeps the learning rate of the groups that say ``fix_lr=True``.

    SimSiam's predictor needs it.  The groups come from
    ``paramwise_cfg=dict(custom_keys={'head.': dict(fix_lr=True)})``.  The
    rate is put back right before each optimizer step, whatever schedules
    have done to it in between.
    """

    def before_train(self, runner: Runner) -> None:
        """Listen to the optimizer.

        Raises:
            ValueError: If no group says ``fix_lr=True``.
        """
        optimizer = runner.optim_wrapper.optimizer
        if not any(g.get('fix_lr') for g in optimizer.param_groups):
            raise ValueError(
                'FixedLRHook found no parameter group with fix_lr=True; add '
                "paramwise_cfg=dict(custom_keys={'head.': "
                'dict(fix_lr=True)}) to optim_wrapper, or remove the hook'
            )
        self._handle = optimizer.register_step_pre_hook(self._put_back)

    @staticmethod
    def _put_back(optimizer: Optimizer, *args) -> None:
        for group in optimizer.param_groups:
            if group.get('fix_lr') and 'initial_lr' in group:
                group['lr'] = group['initial_lr']

    def after_train(self, runner: Runner) -> None:
        """Stop listening."""
        self._handle.remove()
