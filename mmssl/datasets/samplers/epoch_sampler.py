# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A permutation that depends on (seed, epoch) only, shared by the ranks."""

import math
from collections.abc import Iterator, Sized

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmssl.datasets.samplers.sample_index import SampleIndex
from mmssl.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class EpochSampler(Sampler):
    """Every rank's part of a permutation keyed by (seed, epoch).

    Rank r of world size W takes the entries r, r + W, r + 2W, ... of one
    permutation that all ranks know.

    Args:
        dataset (Sized): The dataset.
        shuffle (bool): False keeps the dataset's order.
        seed (int, optional): The same on all ranks; MMEngine passes the
            run's seed.  Without one the ranks agree on a random one.
        round_up (bool): Repeat samples from the beginning, so that all ranks
            get equally many.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
    ) -> None:
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.round_up = round_up
        self.epoch = 0
        self._skip = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of the next pass."""
        self.epoch = epoch

    def skip(self, samples: int) -> None:
        """Leave out this rank's first samples in the next pass only.

        For resuming inside an epoch.  ``len`` stays that of a full pass,
        as the length of an epoch is derived from it.
        """
        self._skip = samples

    def __len__(self) -> int:
        """Samples of this rank in a full pass."""
        size = len(self.dataset)
        if self.round_up:
            return math.ceil(size / self.world_size)
        return math.ceil((size - self.rank) / self.world_size)

    def __iter__(self) -> Iterator[SampleIndex]:
        start, self._skip = self._skip, 0
        order = self._order()[self.rank :: self.world_size]
        seed, epoch = self.seed, self.epoch
        for index in order[start:].tolist():
            yield SampleIndex(index, seed, epoch)

    def _order(self) -> torch.Tensor:
        """The permutation of all ranks, padded if asked for."""
        size = len(self.dataset)
        if self.shuffle:
            # seed + epoch would make epoch 1 of seed 0 epoch 0 of seed 1.
            state = np.random.SeedSequence((self.seed, self.epoch))
            generator = torch.Generator()
            generator.manual_seed(int(state.generate_state(1)[0]))
            order = torch.randperm(size, generator=generator)
        else:
            order = torch.arange(size)
        if self.round_up:
            total = len(self) * self.world_size
            order = order.repeat(math.ceil(total / max(size, 1)))[:total]
        return order
