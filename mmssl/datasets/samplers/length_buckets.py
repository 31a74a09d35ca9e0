# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Batches of samples of like length, so that little is padded."""

import math
from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from mmssl.datasets.samplers.sample_index import SampleIndex
from mmssl.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class LengthBucketBatchSampler(Sampler):
    """Sorts windows of a sampler's order by length and cuts them in batches.

    The order of the batches of a window is random again, from the same
    (seed, epoch) as the sampler's.

    Args:
        sampler (EpochSampler): Its ``dataset`` has ``length(index)``.
        batch_size (int): Samples of a batch.
        window (int): Batches sorted together; more means less padding and
            less mixing.
        drop_last (bool): Leave out a last batch that is not full.
        shuffle (bool): False keeps the batches of a window by length.

    Raises:
        ValueError: window or batch_size is below 1.
    """

    def __init__(
        self,
        sampler: Sampler,
        batch_size: int,
        window: int = 16,
        drop_last: bool = False,
        shuffle: bool = True,
    ) -> None:
        if batch_size < 1 or window < 1:
            raise ValueError(
                'batch_size and window must be at least 1, got '
                f'{batch_size} and {window}'
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.window = window
        self.drop_last = drop_last
        self.shuffle = shuffle
        self._skip = 0

    def __len__(self) -> int:
        """Batches of this rank in a full pass."""
        count = len(self.sampler) / self.batch_size
        return math.floor(count) if self.drop_last else math.ceil(count)

    def skip_batches(self, batches: int) -> None:
        """Leave out the first batches of the next pass, for resuming."""
        self._skip = batches

    def __iter__(self) -> Iterator[list[SampleIndex]]:
        start, self._skip = self._skip, 0
        yield from list(self._batches())[start:]

    def _batches(self) -> Iterator[list[SampleIndex]]:
        order = list(self.sampler)
        length = self.sampler.dataset.length
        key = (self.sampler.seed, self.sampler.epoch, 1)
        rng = np.random.default_rng(np.random.SeedSequence(key))
        step = self.window * self.batch_size
        for start in range(0, len(order), step):
            window = order[start : start + step]
            window.sort(key=lambda index: length(int(index)))
            batches = [
                window[i : i + self.batch_size]
                for i in range(0, len(window), self.batch_size)
            ]
            if self.drop_last and len(batches[-1]) < self.batch_size:
                batches.pop()
            places = np.arange(len(batches))
            if self.shuffle:
                rng.shuffle(places)
            for place in places:
                yield batches[place]
