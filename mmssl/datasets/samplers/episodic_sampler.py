# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Few-shot episodes, one after the other, that depend on (seed, epoch)."""

from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmssl.datasets.image_dataset import ImageDataset
from mmssl.datasets.samplers.sample_index import SampleIndex
from mmssl.registry import DATA_SAMPLERS
from mmssl.utils.episodes import EpisodeShape, draw_episode, rows_of_classes


@DATA_SAMPLERS.register_module()
class EpisodicSampler(Sampler):
    """Indices of ``n_episodes`` episodes, each shot-major.

    With ``batch_size=way * (shot + query)`` each batch is one episode.
    Labels are read from the dataset without loading a picture.  Rank r of
    world size W takes the episodes r, r + W, ... of a list that all ranks
    know.

    Args:
        dataset (ImageDataset): Has ``labels``.
        n_episodes (int): Episodes an epoch, of all ranks; at least one a
            rank.
        way (int): Classes of an episode.
        shot (int): Support pictures a class.
        query (int): Queries a class.
        seed (int, optional): The same on all ranks; MMEngine passes the
            run's seed.  Without one the ranks agree on a random one.

    Raises:
        UsageError: Too few classes, or a class with too few pictures.
    """

    def __init__(
        self,
        dataset: ImageDataset,
        n_episodes: int = 100,
        way: int = 5,
        shot: int = 1,
        query: int = 15,
        seed: int | None = None,
    ) -> None:
        self.rank, self.world_size = get_dist_info()
        if n_episodes < self.world_size:
            raise ValueError(
                f'n_episodes must be at least {self.world_size}, one a '
                f'process, got {n_episodes}'
            )
        self.shape = EpisodeShape(way, shot, query)
        self.classes = rows_of_classes(
            torch.as_tensor(dataset.labels),
            self.shape,
            dataset.metainfo['classes'],
        )
        self.n_episodes = n_episodes
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self._skip = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the episodes of the next pass."""
        self.epoch = epoch

    def skip(self, samples: int) -> None:
        """Leave out this rank's first samples in the next pass only."""
        self._skip = samples

    def __len__(self) -> int:
        """Samples of this rank in a full pass, equally many on all ranks."""
        return self.n_episodes // self.world_size * self.shape.rows

    def __iter__(self) -> Iterator[SampleIndex]:
        start, self._skip = self._skip, 0
        state = np.random.SeedSequence((self.seed, self.epoch))
        generator = torch.Generator()
        generator.manual_seed(int(state.generate_state(1)[0]))
        seed, epoch = self.seed, self.epoch
        own = len(self) // self.shape.rows
        for number in range(own * self.world_size):
            episode = draw_episode(self.classes, self.shape, generator)
            if number % self.world_size != self.rank:
                continue
            for index in episode[start:].tolist():
                yield SampleIndex(index, seed, epoch)
            start = max(0, start - self.shape.rows)
