# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The optional cosine schedule of the published W-MSE code."""

import math

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from mmssl.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupCosineRestartLR(LRSchedulerMixin, _ParamScheduler):
    r"""Linear warm-up that replaces a cosine with restarts.

    At iteration k, with W warm-up iterations and a period of T iterations:
    ``lr (k + 1) / W`` while k < W, then
    ``lr (1 + cos(pi (k - 1 mod T) / T)) / 2``.  The k - 1 is that of the
    published loop, which steps its schedule after the optimizer.  Schedules
    of MMEngine multiply instead, so that a warm-up inside a cosine would
    give other values.

    https://github.com/htdt/self-supervised, ``--lr_step cos``.

    Args:
        optimizer (Optimizer | OptimWrapper): Whose learning rate is set.
        period (int): T, iterations between restarts.
        warmup (int): W, iterations of warm-up; 0 for none.

    Raises:
        ValueError: If by_epoch is set; the schedule counts iterations.
    """

    def __init__(
        self, optimizer, period: int, warmup: int = 500, **kwargs
    ) -> None:
        if kwargs.setdefault('by_epoch', False):
            raise ValueError(
                'WarmupCosineRestartLR counts iterations; set by_epoch=False'
            )
        self.period = period
        self.warmup = warmup
        super().__init__(optimizer, **kwargs)

    def _get_value(self) -> list[float]:
        k = self.last_step
        if k < self.warmup:
            factor = (k + 1) / self.warmup
        else:
            phase = max(k - 1, 0) % self.period / self.period
            factor = (1 + math.cos(math.pi * phase)) / 2
        return [base * factor for base in self.base_values]
