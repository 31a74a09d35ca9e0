# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Epochs that can be entered in the middle."""

from itertools import islice
from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from mmssl.engine.resume import seek
from mmssl.registry import LOOPS
from mmssl.utils.errors import UsageError


@LOOPS.register_module()
class EpochTrainLoop(EpochBasedTrainLoop):
    """MMEngine's epoch loop, resumable inside an epoch.

    A checkpoint written inside an epoch says how many iterations are done;
    the first epoch after resuming lets the sampler skip their samples, so
    that every remaining batch is the one of the uninterrupted run.  Args are
    those of the parent: ``max_epochs``, ``val_begin``, ``val_interval``,
    ``dynamic_intervals``.

    Raises:
        UsageError: If the data do not fill one batch and ``drop_last``
            leaves none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        loader = self.dataloader
        if len(loader) == 0 and len(loader.dataset) > 0:
            world = get_world_size()
            share = f' in each of {world} processes' if world > 1 else ''
            raise UsageError(
                f'the {len(loader.dataset)} samples of the training set do '
                f'not fill one batch of {loader.batch_size}{share}, and with '
                'drop_last=True an epoch has no iteration; set '
                'train_dataloader.batch_size'
            )

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
