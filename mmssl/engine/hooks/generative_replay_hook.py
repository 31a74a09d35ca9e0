# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""WHEN a model trains on pictures of its own past."""

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.engine.continual import check_continual, stream_plan
from mmssl.registry import HOOKS
from mmssl.utils.errors import UsageError

MODES = ('fixed', 'dynamic')


@HOOKS.register_module()
class GenerativeReplayHook(Hook):
    """Replaces every second batch by pictures of an earlier state.

    Mixture generative replay, section 2.4 of
    https://arxiv.org/abs/1910.14481; details from the authors' code.  A
    batch of a bank of ``max_batches`` hangs on (seed, snapshot, place in
    the bank) alone, and the bank is read in a circle that goes on across
    snapshots.  A replayed batch has ``replayed=True`` and no data samples.

    Args:
        mode (str): 'fixed': a snapshot every ``period`` steps, replay from
            the first of them on; 'dynamic': a snapshot before every
            expansion, replay after the first one.
        period (int, optional): Steps between snapshots in mode 'fixed';
            defaults to those that the stream shows the same classes.
        every_n (int): One step in so many is replayed.
        max_batches (int): Batches of the bank; in mode 'fixed' not more
            than are used in a period.
        supervised (bool): The loss of replayed pictures is that of known
            components (SMGR).

    Raises:
        ValueError: If mode is unknown or a count too small.
    """

    # After DynamicExpansionHook: the snapshot of an expansion does not count
    # the step that it falls on.
    priority = 'NORMAL'

    def __init__(
        self,
        mode: str = 'fixed',
        period: int | None = None,
        every_n: int = 2,
        max_batches: int = 5000,
        supervised: bool = False,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f'mode must be in {MODES}, got {mode!r}')
        if every_n < 2 or max_batches < 1 or (period or every_n) < every_n:
            raise ValueError(
                'every_n must be at least 2, max_batches at least 1 and '
                f'period at least every_n, got {every_n}, {max_batches}, '
                f'{period}'
            )
        self.mode = mode
        self.period = period
        self.every_n = every_n
        self.max_batches = max_batches
        self.supervised = supervised
        self.replayed_steps = 0

    def before_train(self, runner: Runner) -> None:
        """Find the period, and check that the model can replay.

        Raises:
            UsageError: A supervised model with unsupervised replay, whose
                pictures would have no labels, or see
                :func:`check_continual`.
        """
        name = type(self).__name__
        check_continual(runner, name, 'replay', 'take_snapshot')
        if runner.bare_model.supervised and not self.supervised:
            raise UsageError(
                f'a supervised model needs {name}(supervised=True), which '
                'labels replayed pictures by their component'
            )
        if self.mode == 'fixed' and self.period is None:
            self.period = stream_plan(runner, name).group_steps

    @property
    def bank_size(self) -> int:
        """int: Batches of the bank."""
        if self.mode == 'dynamic':
            return self.max_batches
        return max(1, min(self.period // self.every_n, self.max_batches))

    def replays(self, step: int, snapshots: int) -> bool:
        """Whether a step is one of replay.

        Args:
            step (int): From 0.
            snapshots (int): Snapshots taken so far.
        """
        return snapshots > 0 and step % self.every_n == self.every_n - 1

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None
    ) -> None:
        """Take a snapshot, or put generated pictures into the batch."""
        model, step = runner.bare_model, runner.iter
        if self.mode == 'fixed' and step and step % self.period == 0:
            model.take_snapshot()
        number = int(model.snapshot.number)
        if not self.replays(step, number):
            return
        place = self.replayed_steps % self.bank_size
        key = np.random.SeedSequence((runner.seed, number, place))
        generator = torch.Generator().manual_seed(
            int(key.generate_state(1)[0])
        )
        view = data_batch['inputs'][0]
        pictures, components = model.replay(len(view), generator)
        shape = len(view), 1, *view.shape[-2:]
        data_batch.update(
            inputs=[pictures.view(shape)], data_samples=None, replayed=True
        )
        if self.supervised:
            data_batch['components'] = components
        self.replayed_steps += 1

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Count the usage of components by real pictures."""
        if not data_batch.get('replayed'):
            runner.bare_model.count_components()

    def before_expansion(self, runner: Runner) -> None:
        """Take a snapshot while the new component is not there yet."""
        if self.mode == 'dynamic':
            runner.bare_model.take_snapshot()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the place in the bank; snapshot and counts are buffers."""
        checkpoint['replay'] = dict(replayed_steps=self.replayed_steps)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on in the bank where a resumed run stood."""
        if 'replay' in checkpoint and runner._resume:
            self.replayed_steps = checkpoint['replay']['replayed_steps']
