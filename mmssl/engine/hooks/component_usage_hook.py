# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Watches which components the classes of a stream use."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmssl.engine.continual import check_continual, stream_plan
from mmssl.registry import HOOKS


@HOOKS.register_module()
class ComponentUsageHook(Hook):
    """Records the usage of components over a stream, by true class.

    A record is the sum of q(y|x) over the real samples of ``interval``
    steps: ``step`` after which it ends, and ``usage`` (classes, A) float32.
    Training sees nothing of it.  Records are in the checkpoint under
    ``usage``; ``tools/analysis_tools/visualize_mixture.py`` draws them.

    Args:
        interval (int, optional): Steps of a record; defaults to a hundredth
            of the stream, at least 1.

    Raises:
        ValueError: If interval is below 1.
    """

    def __init__(self, interval: int | None = None) -> None:
        if interval is not None and interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.interval = interval
        self.records: list[dict] = []
        self._sum: Tensor | None = None

    def before_train(self, runner: Runner) -> None:
        """Learn the number of classes.

        Raises:
            UsageError: See :func:`check_continual` and :func:`stream_plan`.
        """
        name = type(self).__name__
        check_continual(runner, name, 'last_q')
        self.plan = stream_plan(runner, name)
        if self.interval is None:
            self.interval = max(1, self.plan.n_steps // 100)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Add the real samples of a step; close a record when it is due."""
        if not data_batch.get('replayed'):
            self._add(runner.bare_model.last_q, data_batch['data_samples'])
        step = runner.iter + 1
        if step % self.interval == 0 and self._sum is not None:
            self.records.append(dict(step=step, usage=self._sum))
            self._sum = None

    def _add(self, q: Tensor, samples: list) -> None:
        usage = torch.zeros(self.plan.n_classes, q.shape[1])
        labels = torch.tensor([int(sample.label) for sample in samples])
        usage.index_add_(0, labels, q.float().cpu())
        if self._sum is not None:  # components may have been born since
            usage[:, : self._sum.shape[1]] += self._sum
        self._sum = usage

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the records, and the one that is not complete."""
        checkpoint['usage'] = dict(
            records=[dict(record) for record in self.records], sum=self._sum
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on with the records of a resumed run."""
        state = checkpoint.get('usage')
        if state is not None and runner._resume:
            self.records = list(state['records'])
            self._sum = state['sum']
