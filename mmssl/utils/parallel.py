# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Work on many files in processes, and a line now and then that says so."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

PROGRESS_SECONDS = 30


class Progress:
    """A line every 30 seconds and one at the end: count, rate, time left.

    Args:
        what (str): The work, at the beginning of the line.
        total (int): Things to do.
        noun (str): What is counted.
    """

    def __init__(self, what: str, total: int, noun: str = 'pictures') -> None:
        self.what, self.total, self.noun, self.count = what, total, noun, 0
        self.start = self.shown = time.perf_counter()

    def add(self, count: int = 1) -> None:
        """So many more are done."""
        self.count += count
        now = time.perf_counter()
        if now - self.shown > PROGRESS_SECONDS or self.count == self.total:
            self.shown = now
            rate = self.count / max(now - self.start, 1e-9)
            left = (self.total - self.count) / rate
            print(
                f'{self.what}: {self.count}/{self.total} {self.noun}, '
                f'{rate:.1f}/s, {left:.0f} s left',
                flush=True,
            )


@contextmanager
def process_map(workers: int) -> Iterator[Callable]:
    """An ordered ``map`` over processes, or the plain one.

    Processes are spawned: a forked one would inherit the locks of OpenCV's
    threads, and wait for ever where this one has used them.  They work with
    one thread each.

    Args:
        workers (int): Processes; 0 and 1 work in this one.
    """
    if workers <= 1:
        yield map
        return
    context = get_context('spawn')
    with ProcessPoolExecutor(workers, context, _one_thread) as pool:
        try:
            yield pool.map
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    import cv2

    os.environ['OMP_NUM_THREADS'] = '1'
    cv2.setNumThreads(1)
