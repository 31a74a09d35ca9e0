# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Checkpoints that survive a kill at any moment, of plain content."""

import os
from collections import deque
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as MMEngineCheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from mmssl.engine.resume import unfinished_step
from mmssl.registry import HOOKS
from mmssl.utils.checkpoint import to_plain
from mmssl.utils.files import TEMPORARY_SUFFIX, write_text


@HOOKS.register_module()
class CheckpointHook(MMEngineCheckpointHook):
    """MMEngine's checkpoint hook, safe against kills and pickles.

    Knowing departures: the new file is whole on the disk before
    ``last_checkpoint`` names it, and only then are older ones removed (the
    parent removes first, so that ``max_keep_ckpts=1`` has a moment without
    any); what is written are tensors and plain Python, so that
    ``torch.load(weights_only=True)`` reads it; gradients and
    queue rows of an unfinished round of accumulation are kept.  Args are
    those of the parent.
    """

    priority = 'VERY_LOW'
    _unfinished: dict | None = None
    _interrupted: str | None = None

    def before_train(self, runner: Runner) -> None:
        """Clear what a killed run left half written."""
        super().before_train(runner)
        self._interrupted = runner.message_hub.get_info('interrupted_ckpt')
        if is_main_process():
            pattern = f'*.pth{TEMPORARY_SUFFIX}'
            for leftover in Path(self.out_dir).glob(pattern):
                leftover.unlink()

    def save_interrupted(self, runner: Runner) -> str:
        """Save inside an epoch, after an iteration; for a stopped run.

        Returns:
            str: The file, ``iter_N.pth``; it is removed when the resumed
            run has written its next checkpoint.
        """
        done = runner.iter + 1
        name = f'iter_{done}.pth'
        path = os.path.join(self.out_dir, name)
        regular = not self.by_epoch and name == self.filename_tmpl.format(done)
        if not regular:
            runner.message_hub.update_info('interrupted_ckpt', path)
        if self.last_ckpt != path:
            self._write(runner, name, dict(epoch=runner.epoch, iter=done))
        return path

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        outdated = self._note_step(runner, step)
        interrupted, self._interrupted = self._interrupted, None
        if interrupted:
            runner.message_hub.pop_info('interrupted_ckpt')
        self._write(runner, self.filename_tmpl.format(step), meta)
        if not is_main_process():
            return
        old = [
            os.path.join(self.out_dir, self.filename_tmpl.format(number))
            for number in outdated
        ]
        for path in filter(None, [*old, interrupted]):
            Path(path).unlink(missing_ok=True)

    def _note_step(self, runner: Runner, step: int) -> list[int]:
        """List the new checkpoint; return those that it pushes out.

        The saved list still holds the latter: a run killed before removing
        them does so when resumed.
        """
        if self.max_keep_ckpts <= 0:
            return []
        steps = [number for number in self.keep_ckpt_ids if number != step]
        steps.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(steps))
        self.keep_ckpt_ids = deque(steps, self.max_keep_ckpts)
        return steps[: -self.max_keep_ckpts]

    def _write(self, runner: Runner, name: str, meta: dict) -> None:
        self._unfinished = unfinished_step(runner, meta['iter'])
        self.last_ckpt = os.path.join(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._unfinished = None
        if is_main_process():
            write_text(
                os.path.join(runner.work_dir, 'last_checkpoint'),
                self.last_ckpt,
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make everything tensors and plain Python (runs after all hooks)."""
        if self._unfinished:
            checkpoint['unfinished_step'] = self._unfinished
        scalars = checkpoint['message_hub']['log_scalars']
        checkpoint['message_hub']['log_scalars'] = {
            name: _plain_history(history) for name, history in scalars.items()
        }
        for key in list(checkpoint):
            if key != 'state_dict':
                checkpoint[key] = to_plain(checkpoint[key], key)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Turn the plain log histories back into MMEngine's buffers."""
        scalars = checkpoint.get('message_hub', {}).get('log_scalars', {})
        for name, history in scalars.items():
            if isinstance(history, dict):
                scalars[name] = HistoryBuffer(
                    history['values'].numpy(),
                    history['counts'].numpy(),
                    history['max_length'],
                )


def _plain_history(history: HistoryBuffer) -> dict:
    """A buffer as two float64 vectors: exact, and small on the disk."""
    values, counts = history.data
    return dict(
        values=torch.as_tensor(values, dtype=torch.float64).clone(),
        counts=torch.as_tensor(counts, dtype=torch.float64).clone(),
        max_length=history.max_length,
    )
