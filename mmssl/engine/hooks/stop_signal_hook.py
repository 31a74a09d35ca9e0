# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SIGTERM and SIGUSR1: finish the step, save, leave."""

import signal
import threading
from collections.abc import Callable
from functools import partial

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmssl.engine.hooks.checkpoint_hook import CheckpointHook
from mmssl.registry import HOOKS
from mmssl.utils.errors import RunStopped

REQUEUE_EXIT_CODE = 75
"""``EX_TEMPFAIL`` of sysexits.h: the job is to be queued again."""


@HOOKS.register_module()
class StopSignalHook(Hook):
    """Saves a checkpoint and ends the run when a signal asks for it.

    SIGTERM ends with exit code 0, SIGUSR1 (what Slurm's ``--signal=USR1@90``
    sends before the time limit) with 75, for a job script that requeues on
    it.  The iteration is finished first; ``--resume`` goes on at the next one,
    inside the epoch.

    Args:
        interval (int): With several processes, iterations between two
            agreements of all ranks on stopping; one rank's signal is enough.
        worker_grace (float): Seconds that data workers go on after a SIGTERM
            of their own (schedulers send it to every process of a job), so
            that the main process can finish its iteration.
    """

    priority = 'LOWEST'

    def __init__(self, interval: int = 10, worker_grace: float = 20) -> None:
        self.interval = interval
        self.worker_grace = worker_grace
        self.signum = 0
        self._previous: dict = {}

    def before_train(self, runner: Runner) -> None:
        """Listen; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            return
        for signum in (signal.SIGTERM, signal.SIGUSR1):
            self._previous[signum] = signal.signal(signum, self._note)
        loader = runner.train_dataloader
        loader.worker_init_fn = partial(
            _init_worker, loader.worker_init_fn, self.worker_grace
        )

    def _note(self, signum: int, frame) -> None:
        self.signum = signum  # in a forked worker this is of no effect

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Stop here if a signal came."""
        signum = self._agreed(runner)
        if not signum:
            return
        hook = next(h for h in runner.hooks if isinstance(h, CheckpointHook))
        path = hook.save_interrupted(runner)
        self.after_train(runner)
        name = signal.Signals(signum).name
        message = f'{name}: saved {path}; go on with --resume'
        runner.logger.info(message)
        code = REQUEUE_EXIT_CODE if signum == signal.SIGUSR1 else 0
        raise RunStopped(message, code)

    def _agreed(self, runner: Runner) -> int:
        if runner.world_size == 1:
            return self.signum
        if not self.every_n_train_iters(runner, self.interval):
            return 0
        signum = torch.tensor(self.signum, device=get_device())
        all_reduce(signum, 'max')
        self.signum = int(signum)
        return self.signum

    def after_train(self, runner: Runner) -> None:
        """Give the signals back to whoever handled them before."""
        for signum, handler in self._previous.items():
            signal.signal(signum, handler)
        self._previous = {}


def _init_worker(inner: Callable | None, grace: float, worker_id: int) -> None:
    """Outlive a SIGTERM by ``grace`` seconds; torch's own handler does not."""

    def wait(signum: int, frame) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, grace)

    signal.signal(signal.SIGTERM, wait)
    if inner is not None:
        inner(worker_id)
