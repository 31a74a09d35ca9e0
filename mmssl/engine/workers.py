# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Data-loading workers that do not outlive their training process."""

import ctypes
import signal
import sys
from collections.abc import Callable
from functools import partial

from torch.utils.data import DataLoader

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def bind_workers(loader: DataLoader) -> None:
    """Let the kernel end the loader's workers when their parent dies.

    After a ``kill -9`` of the parent a worker of torch can hang for ever: it
    wants to hand over its last batch, and the other worker still holds the
    reading end of that pipe.  Only Linux offers the remedy; elsewhere
    nothing is changed.

    Args:
        loader (DataLoader): Its ``worker_init_fn`` is wrapped.
    """
    if sys.platform == 'linux' and loader.num_workers:
        loader.worker_init_fn = partial(_bind, loader.worker_init_fn)


def _bind(inner: Callable | None, worker_id: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if inner is not None:
        inner(worker_id)
