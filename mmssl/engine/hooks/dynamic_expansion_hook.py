# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""WHEN a mixture grows: as many samples as fill a pool fit it badly."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmssl.engine.continual import check_continual
from mmssl.registry import HOOKS
from mmssl.utils.errors import UsageError


class PoorSamplePool:
    """Collects samples with a low bound, and says when there are enough.

    Section 2.3 of https://arxiv.org/abs/1910.14481; details from the
    authors' code.  The pool lives on across steps and classes until it is
    full.

    Args:
        threshold (float): Bound, in nats, below which a sample is poor.
        buffer_size (int): Samples of a full pool.
        wait_steps (int): Real steps between an expansion and collecting.
        burn_in (int): First step of the run that may collect.
    """

    def __init__(
        self,
        threshold: float,
        buffer_size: int,
        wait_steps: int,
        burn_in: int,
    ) -> None:
        self.threshold = threshold
        self.buffer_size = buffer_size
        self.wait_steps = wait_steps
        self.burn_in = burn_in
        self.samples: Tensor | None = None
        self.since = 0
        self.eligible = False

    def collect(
        self, step: int, bound: Tensor, samples: Tensor, may_grow: bool
    ) -> Tensor | None:
        """Take in the poor samples of a real step.

        Args:
            step (int): Of all steps, from 0.
            bound (Tensor): (B,) nats.
            samples (Tensor): (B, ...).
            may_grow (bool): Whether a component is left.

        Returns:
            Tensor | None: The full pool, which is emptied; else None.
        """
        if self.since >= self.wait_steps and step >= self.burn_in and may_grow:
            self.eligible = True
        self.since += 1
        if not self.eligible:
            return None
        poor = samples[bound < self.threshold]
        parts = [poor] if self.samples is None else [self.samples, poor]
        self.samples = torch.cat(parts)
        if len(self.samples) < self.buffer_size:
            return None
        full, self.samples = self.samples, None
        self.since, self.eligible = 0, False
        return full


@HOOKS.register_module()
class DynamicExpansionHook(Hook):
    """Adds a component to the model when the pool is full.

    Replayed steps are left out altogether.  Before the model grows, hooks
    with ``before_expansion(runner)`` are called.  Pool and counters are in
    the checkpoint, as are ``births``: step, label most frequent in the pool
    (-1: none) and number of each new component.

    Args:
        threshold (float): Bound below which a sample is poor.  Published:
            -200.
        buffer_size (int): Samples of a full pool; at least a batch.
        wait_steps (int): See :class:`PoorSamplePool`.
        burn_in (int): See :class:`PoorSamplePool`.
        num_epochs (int): Passes of the new component's training.

    Raises:
        ValueError: If a count is below its minimum.
    """

    priority = 'ABOVE_NORMAL'  # before the replay hook and the logger

    def __init__(
        self,
        threshold: float = -200.0,
        buffer_size: int = 100,
        wait_steps: int = 100,
        burn_in: int = 100,
        num_epochs: int = 10,
    ) -> None:
        if min(buffer_size, num_epochs) < 1 or min(wait_steps, burn_in) < 0:
            raise ValueError(
                'buffer_size and num_epochs must be at least 1, wait_steps '
                f'and burn_in at least 0, got {buffer_size}, {num_epochs}, '
                f'{wait_steps}, {burn_in}'
            )
        self.num_epochs = num_epochs
        self.pool = PoorSamplePool(threshold, buffer_size, wait_steps, burn_in)
        self.births: list[dict[str, int]] = []

    def before_train(self, runner: Runner) -> None:
        """Check that the run is one that can grow.

        Raises:
            ValueError: The pool is smaller than a batch.
            UsageError: A supervised model, whose components are classes, or
                see :func:`check_continual`.
        """
        name = type(self).__name__
        check_continual(runner, name, 'expand', 'last_bound')
        if runner.bare_model.supervised:
            raise UsageError(
                f'{name} would give a supervised model components that are '
                'no classes; use ClassComponentsHook instead, or set '
                'supervised=False'
            )
        batch = runner.train_dataloader.batch_sampler.batch_size
        if batch > self.pool.buffer_size:
            raise ValueError(
                f'buffer_size={self.pool.buffer_size} holds no batch of '
                f'{batch}; raise it to at least the batch size'
            )

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Collect poor samples, and grow when there are enough."""
        if data_batch.get('replayed'):
            return
        model = runner.bare_model
        may_grow = model.n_active < model.n_components
        batch = model.data_preprocessor(dict(inputs=data_batch['inputs']))
        x = batch['inputs'][0].flatten(1)
        labels = torch.tensor(
            [int(s.get('label', -1)) for s in data_batch['data_samples']],
            device=x.device,
        )
        # The label travels in a column of its own; training never sees it.
        full = self.pool.collect(
            runner.iter,
            model.last_bound,
            torch.cat([x, labels[:, None].to(x)], 1),
            may_grow,
        )
        if full is not None:
            self._grow(runner, full[:, :-1], full[:, -1])

    def _grow(self, runner: Runner, x: Tensor, labels: Tensor) -> None:
        runner.call_hook('before_expansion')
        model = runner.bare_model
        losses = model.expand(
            x,
            runner.optim_wrapper.optimizer,
            runner.train_dataloader.batch_sampler.batch_size,
            self.num_epochs,
        )
        self.births.append(
            dict(
                step=runner.iter,
                label=int(labels.mode().values),
                component=model.n_active - 1,
            )
        )
        runner.logger.info(
            f'iteration {runner.iter + 1}: component {model.n_active - 1} '
            f'added for {len(x)} samples, loss {losses[0]:.1f} -> '
            f'{losses[-1]:.1f}'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save pool and counters."""
        pool = self.pool
        checkpoint['expansion'] = dict(
            samples=pool.samples,
            since=pool.since,
            eligible=pool.eligible,
            births=[dict(birth) for birth in self.births],
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on with the pool of a resumed run."""
        state = checkpoint.get('expansion')
        if state is None or not runner._resume:
            return
        samples = state['samples']
        device = runner.bare_model.active.device
        self.pool.samples = None if samples is None else samples.to(device)
        self.pool.since = state['since']
        self.pool.eligible = state['eligible']
        self.births = list(state['births'])
