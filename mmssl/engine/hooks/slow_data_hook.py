# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A hint when the data loader holds the training up."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.registry import HOOKS


@HOOKS.register_module()
class SlowDataHook(Hook):
    """Warns once when waiting for data takes most of the time.

    Args:
        share (float): Share of the iteration time, in (0, 1).
        iterations (int): Consecutive iterations that are looked at together.
    """

    priority = 'BELOW_NORMAL'  # after IterTimerHook, which measures

    def __init__(self, share: float = 0.5, iterations: int = 100) -> None:
        self.share = share
        self.iterations = iterations
        self._waited = self._total = 0.0
        self._count = 0
        self._warned = False

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Add up, and judge every ``iterations`` iterations."""
        if self._warned:
            return
        hub = runner.message_hub
        self._waited += hub.get_scalar('train/data_time').current()
        self._total += hub.get_scalar('train/time').current()
        self._count += 1
        if self._count < self.iterations:
            return
        if self._waited > self.share * self._total:
            self._warned = True
            workers = runner.train_dataloader.num_workers
            runner.logger.warning(
                f'{self._waited / self._total:.0%} of the time of the last '
                f'{self._count} iterations was waiting for data: raise '
                f'train_dataloader.num_workers (now {workers}), store '
                'smaller images, or choose a faster decoder'
            )
        self._waited = self._total = 0.0
        self._count = 0
