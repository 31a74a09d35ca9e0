# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A loss that is NaN or infinite stops the run, with what is known."""

import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.registry import HOOKS


class NonFiniteLossError(RuntimeError):
    """A part of the loss became NaN or infinite."""


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Looks at every loss part after every iteration.

    It runs before any checkpoint is written, so that the last good one
    stays.

    Args:
        stop (bool): Raise (default), or warn once and go on.
    """

    priority = 'HIGH'

    def __init__(self, stop: bool = True) -> None:
        self.stop = stop
        self._warned = False

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Check, and describe iteration, part, learning rate and files.

        Raises:
            NonFiniteLossError: A part is not finite while ``stop``.
        """
        bad = {
            name: value
            for name, value in map(_number, (outputs or {}).items())
            if 'loss' in name and not math.isfinite(value)
        }
        if not bad or self._warned:
            return
        message = self._describe(runner, bad, data_batch)
        if self.stop:
            raise NonFiniteLossError(message)
        self._warned = True
        runner.logger.warning(message)

    @staticmethod
    def _describe(runner: Runner, bad: dict[str, float], data_batch) -> str:
        parts = ', '.join(f'{name} = {value}' for name, value in bad.items())
        rates = [
            rate
            for lr in runner.optim_wrapper.get_lr().values()
            for rate in lr
        ]
        samples = (
            data_batch.get('data_samples') or []
            if isinstance(data_batch, dict)
            else []
        )
        paths = [str(s.path) for s in samples if hasattr(s, 'path')]
        files = ', '.join(paths[:8]) + (' ...' if len(paths) > 8 else '')
        return (
            f'{parts} at iteration {runner.iter + 1} (epoch '
            f'{runner.epoch + 1}), learning rate {rates[0]:.4g}, files of '
            f'the batch: {files or "not recorded"}; no checkpoint was '
            'overwritten; try a lower learning rate or no --amp'
        )


def _number(item: tuple) -> tuple[str, float]:
    name, value = item
    return name, float(value.detach() if hasattr(value, 'detach') else value)
