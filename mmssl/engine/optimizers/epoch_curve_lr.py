# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What schedules share that are functions of the fraction of an epoch."""

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler


class EpochCurveLR(LRSchedulerMixin, _ParamScheduler):
    """A curve over epochs, set before each iteration.

    In a config always with ``convert_to_iter_based=True``.

    Args:
        optimizer (Optimizer | OptimWrapper): Whose learning rate is set.
        epoch_length (int): Iterations of an epoch; set by the conversion.
        **kwargs: See MMEngine's ``_ParamScheduler``.
    """

    def __init__(self, optimizer, epoch_length: int = 1, **kwargs) -> None:
        self.epoch_length = epoch_length
        super().__init__(optimizer, **kwargs)

    @classmethod
    def build_iter_from_epoch(
        cls, *args, epoch_length: int, by_epoch: bool = True, **kwargs
    ) -> 'EpochCurveLR':
        """The same schedule, set before each iteration.

        MMEngine's runner adds ``end``, in epochs, where a config has none.
        """
        for name in ('begin', 'end'):
            if name in kwargs:
                kwargs[name] = int(kwargs[name] * epoch_length)
        return cls(*args, epoch_length=epoch_length, by_epoch=False, **kwargs)

    def factor(self, iteration: int) -> float:
        """The rate of an iteration, from 0, as a share of the base rate."""
        raise NotImplementedError

    def _get_value(self) -> list[float]:
        factor = self.factor(self.last_step)
        return [base * factor for base in self.base_values]
