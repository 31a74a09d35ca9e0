# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Epochs that can be entered in the middle."""

from itertools import islice

from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from mmssl.engine.resume import seek
from mmssl.registry import LOOPS


@LOOPS.register_module()
class EpochTrainLoop(EpochBasedTrainLoop):
    """MMEngine's epoch loop, resumable inside an epoch.

    A checkpoint written inside an epoch says how many iterations are done;
    the first epoch after resuming lets the sampler skip their samples, so
    that every remaining batch is the one of the uninterrupted run.  Args are
    those of the parent: ``max_epochs``, ``val_begin``, ``val_interval``,
    ``dynamic_intervals``.
    """

    def run(self) -> nn.Module:
        """Train, or say that there is nothing left to do.

        Also then the hooks run that begin and end a training: a kill after
        the last checkpoint may have left their work undone.
        """
        if self._epoch >= self._max_epochs:
            self.runner.logger.info(
                f'nothing to do (epoch {self._epoch}/{self._max_epochs})'
            )
        return super().run()

    def run_epoch(self) -> None:
        """One epoch, or what is left of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self._iter - self._epoch * len(self.dataloader)
        if done < len(self.dataloader):
            skipped = seek(self.dataloader, done)
            batches = iter(self.dataloader)
            if not skipped:
                batches = islice(batches, done, None)
            for idx, data_batch in enumerate(batches, start=done):
                self.run_iter(idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
