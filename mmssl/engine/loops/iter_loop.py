# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A fixed number of iterations, with a direct seek when resumed."""

from collections.abc import Iterator, Sequence
from itertools import islice

from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner
from mmengine.runner.utils import calc_dynamic_intervals
from torch import nn
from torch.utils.data import DataLoader

from mmssl.engine.resume import seek
from mmssl.registry import LOOPS


@LOOPS.register_module()
class IterTrainLoop(IterBasedTrainLoop):
    """MMEngine's iteration loop that seeks instead of replaying the data.

    Knowing departures: no worker starts before the first batch is wanted,
    no pause between two passes over the data, and resuming lets the sampler
    skip.  With a sampler that cannot skip the batches are read
    and dropped.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data.
        max_iters (int): Iterations in all.
        val_begin (int): First iteration that may validate.
        val_interval (int): Iterations between two validations.
        dynamic_intervals (list[tuple[int, int]], optional): Pairs of first
            iteration and interval.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: list[tuple[int, int]] | None = None,
    ) -> None:
        # The parent's constructor would start the workers at once.
        BaseLoop.__init__(self, runner, dataloader)
        self._max_iters = int(max_iters)
        self._max_epochs = 1
        self._epoch = 0
        self._iter = 0
        self.val_begin = val_begin
        self.val_interval = val_interval
        self.stop_training = False  # set by EarlyStoppingHook
        self.runner.visualizer.dataset_meta = getattr(
            self.dataloader.dataset, 'metainfo', None
        )
        self.dynamic_milestones, self.dynamic_intervals = (
            calc_dynamic_intervals(val_interval, dynamic_intervals)
        )

    def run(self) -> nn.Module:
        """Train, or say that there is nothing left to do.

        Also then the hooks run that begin and end a training: a kill after
        the last checkpoint may have left their work undone.
        """
        self.runner.call_hook('before_train')
        if self._iter < self._max_iters:
            self._train()
        else:
            self.runner.logger.info(
                f'nothing to do (iteration {self._iter}/{self._max_iters})'
            )
        self.runner.call_hook('after_train')
        return self.runner.model

    def _train(self) -> None:
        self.runner.call_hook('before_train_epoch')
        for data_batch in self._batches():
            self.runner.model.train()
            self.run_iter(data_batch)
            self._decide_current_val_interval()
            if self._validates_now():
                self.runner.val_loop.run()
            if self._iter >= self._max_iters or self.stop_training:
                break
        self.runner.call_hook('after_train_epoch')

    def _validates_now(self) -> bool:
        return (
            self.runner.val_loop is not None
            and self._iter >= self.val_begin
            and (
                self._iter % self.val_interval == 0
                or self._iter == self._max_iters
            )
        )

    def _batches(self) -> Iterator[Sequence]:
        """Batches without end, from iteration ``self._iter`` on."""
        start, done = divmod(self._iter, len(self.dataloader))
        self._set_pass(start)
        if seek(self.dataloader, done):
            yield from self.dataloader
        else:
            yield from islice(self.dataloader, done, None)
        while True:
            start += 1
            self._set_pass(start)
            yield from self.dataloader

    def _set_pass(self, number: int) -> None:
        sampler = getattr(self.dataloader.batch_sampler, 'sampler', None)
        if hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(number)
