# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Streams of data whose classes come one after another."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

from mmssl.datasets.samplers.sample_index import SampleIndex
from mmssl.registry import DATA_SAMPLERS
from mmssl.utils.errors import UsageError

SCHEDULES = ('sequential', 'blended', 'iid')
_OWN, _OTHER = 0, 1  # keys of random numbers


class StreamSchedule(NamedTuple):
    """Which classes a step of the stream shows.

    Section 4 of https://arxiv.org/abs/1910.14481; details from the authors'
    code.  The stream has as many periods as classes, of equal length;
    n_concurrent neighbouring periods form a group that shows all its
    classes together.
    """

    n_steps: int
    n_classes: int
    n_concurrent: int = 1

    def check(self) -> None:
        """Refuse lengths that do not divide.

        Raises:
            UsageError: Names both numbers.
        """
        if min(self) < 1:
            raise UsageError(
                'a stream needs at least one step, class and concurrent '
                f'class, got {tuple(self)}'
            )
        if self.n_steps % self.n_classes:
            raise UsageError(
                f'{self.n_steps} steps do not divide into the periods of '
                f'{self.n_classes} classes; set n_steps to a multiple'
            )
        if self.n_classes % self.n_concurrent:
            raise UsageError(
                f'{self.n_classes} classes do not divide into groups of '
                f'n_concurrent={self.n_concurrent}; set it to a divisor'
            )

    @property
    def period_steps(self) -> int:
        """int: Steps of a period."""
        return self.n_steps // self.n_classes

    @property
    def group_steps(self) -> int:
        """int: Steps that show the same classes, T of the replay."""
        return self.period_steps * self.n_concurrent

    def period(self, step: int) -> int:
        """Period of a step, in [0, n_classes)."""
        return min(step // self.period_steps, self.n_classes - 1)

    def classes(self, period: int) -> range:
        """Classes that a period shows."""
        first = period // self.n_concurrent * self.n_concurrent
        return range(first, first + self.n_concurrent)

    def classes_so_far(self, step: int) -> int:
        """Classes shown up to and including a step."""
        return self.classes(self.period(step)).stop

    def blend(self, step: int, batch_size: int) -> tuple[int, int]:
        """Neighbouring period that a step borrows from, and how much.

        Half a batch at the border of two periods, falling to nothing over
        a quarter of a period.

        Returns:
            tuple[int, int]: Period and number of samples; -1 and 0 in the
            pure half of a period.
        """
        length, now = self.period_steps, self.period(step)
        place = step % length
        if 4 * place < length and now > 0:
            count = (length / 2 - 2 * place) * batch_size / length
            return now - 1, int(count)
        if 4 * place > 3 * length and now < self.n_classes - 1:
            count = (2 * place - 3 * length / 2) * batch_size / length
            return now + 1, int(count)
        return -1, 0


@DATA_SAMPLERS.register_module()
class ContinualClassStream(Sampler):
    """Batches of a stream of classes, a batch sampler.

    What a step shows hangs on (seed, step) alone, so that a run can be
    resumed anywhere.  Each group of classes is passed through again and
    again in new orders; a batch may span two passes.

    Args:
        sampler (Sampler): Knows ``dataset`` (with ``labels``) and ``seed``.
        batch_size (int): B.
        n_steps (int): Length of the stream.
        n_classes (int): Classes 0, 1, ... in their order.
        schedule (str): 'sequential' (clear boundaries), 'blended' (borders
            fade into each other) or 'iid' (all samples, shuffled).
        n_concurrent (int): Classes shown together.

    Raises:
        UsageError: Numbers do not divide, or a class has no samples.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        n_steps: int,
        n_classes: int,
        schedule: str = 'sequential',
        n_concurrent: int = 1,
    ) -> None:
        if schedule not in SCHEDULES:
            raise UsageError(
                f'schedule must be in {SCHEDULES}, got {schedule!r}'
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.schedule = schedule
        self.plan = StreamSchedule(n_steps, n_classes, n_concurrent)
        self.plan.check()
        self.labels = np.asarray(sampler.dataset.labels)
        missing = set(range(n_classes)) - set(self.labels.tolist())
        if missing:
            raise UsageError(
                f'the stream of {n_classes} classes needs samples of all, '
                f'but {sorted(missing)} have none; correct n_classes or the '
                'dataset'
            )
        self._first = 0
        self._pools: dict[range, np.ndarray] = {}
        self._orders: dict[tuple, np.ndarray] = {}

    def skip_batches(self, count: int) -> None:
        """Begin the next pass at a later step."""
        self._first = count

    def __len__(self) -> int:
        return self.plan.n_steps

    def __iter__(self) -> Iterator[list[SampleIndex]]:
        first, self._first = self._first, 0
        for step in range(first, len(self)):
            yield [
                SampleIndex(index, self.sampler.seed, step)
                for index in self.indices(step).tolist()
            ]

    def indices(self, step: int) -> np.ndarray:
        """Samples of a step, (B,) int64."""
        if self.schedule == 'iid':
            return self._passes(range(self.plan.n_classes), step)
        plan, period = self.plan, self.plan.period(step)
        classes = plan.classes(period)
        chosen = self._passes(classes, step - classes[0] * plan.period_steps)
        if self.schedule == 'blended':
            other, count = plan.blend(step, self.batch_size)
            if count:
                pool = self._pool(plan.classes(other))
                rng = self._random(_OTHER, step)
                chosen[:count] = rng.choice(pool, count, len(pool) < count)
        return chosen

    def _passes(self, classes: range, batch: int) -> np.ndarray:
        """Batch number ``batch`` of endless passes through some classes."""
        start = batch * self.batch_size
        places = np.arange(start, start + self.batch_size)
        numbers, offsets = np.divmod(places, len(self._pool(classes)))
        return np.concatenate(
            [
                self._order(classes, number)[offsets[numbers == number]]
                for number in np.unique(numbers).tolist()
            ]
        )

    def _pool(self, classes: range) -> np.ndarray:
        if classes not in self._pools:
            first, stop = classes.start, classes.stop
            inside = (self.labels >= first) & (self.labels < stop)
            self._pools[classes] = inside.nonzero()[0]
        return self._pools[classes]

    def _order(self, classes: range, number: int) -> np.ndarray:
        """Order of a pass; a batch needs two of them at most, or few."""
        key = self.sampler.seed, classes.start, number
        if key not in self._orders:
            while len(self._orders) > 1:
                self._orders.pop(next(iter(self._orders)))
            rng = self._random(_OWN, classes.start, number)
            self._orders[key] = rng.permutation(self._pool(classes))
        return self._orders[key]

    def _random(self, *key: int) -> np.random.Generator:
        sequence = np.random.SeedSequence((self.sampler.seed, *key))
        return np.random.Generator(np.random.PCG64(sequence))
