# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pairs of pictures of two domains that have nothing to do with each other."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from mmssl.datasets.image_dataset import ImageDataset
from mmssl.datasets.samplers import SampleIndex
from mmssl.registry import DATASETS


@DATASETS.register_module()
class UnpairedImageDataset(Dataset):
    """A picture of domain A with a random one of domain B.

    As many samples as the larger domain has pictures; A is taken by index
    modulo its size.  All random numbers hang on (seed, epoch, index).

    Args:
        domain_a (dict): Config of a dataset of pictures (``ImageFolder``,
            ``ImageList``, ``ImageZip``, ...), without views.
        domain_b (dict): The same of the other domain.
        views (Sequence[dict]): One view, for both domains.
        serial (bool): B by index modulo its size, too (the authors'
            ``serial_batches``), not at random.

    Raises:
        ValueError: Other than one view.
        UsageError: An empty domain, or one that is not there.
    """

    def __init__(
        self,
        domain_a: dict,
        domain_b: dict,
        views: Sequence[dict],
        serial: bool = False,
    ) -> None:
        if len(views) != 1 or views[0].get('num', 1) != 1:
            raise ValueError(
                'UnpairedImageDataset cuts one view of each picture, got '
                f'views={list(views)}'
            )
        self.domains: list[ImageDataset] = [
            DATASETS.build(dict(domain, views=views))
            for domain in (domain_a, domain_b)
        ]
        self.serial = serial

    def __len__(self) -> int:
        return max(map(len, self.domains))

    @property
    def metainfo(self) -> dict:
        """Number of pictures of each domain."""
        return dict(pictures=[len(domain) for domain in self.domains])

    @property
    def bad(self) -> list[str]:
        """Names of the pictures found unreadable so far."""
        return [name for domain in self.domains for name in domain.bad]

    def __getitem__(self, index: int) -> dict:
        """A sample.

        Returns:
            dict: ``inputs``: [A (3, h, w), B (3, h, w)] uint8;
            ``data_samples``: that of A, with ``path`` "A, B".

        Raises:
            DataError: Too many pictures of a domain are unreadable.
        """
        first, second = self.domains
        a = first[index]
        b = second[self._partner(index)]
        sample = a['data_samples']
        sample.path = f'{sample.path}, {b["data_samples"].path}'
        sample.views = sample.views + b['data_samples'].views
        return dict(inputs=a['inputs'] + b['inputs'], data_samples=sample)

    def _partner(self, index: int) -> int:
        """Index of B; its key differs from that of any other sample's."""
        count = len(self.domains[1])
        key = getattr(index, 'key', None)
        if self.serial:
            place = int(index) % count
        elif key is None:
            return int(torch.randint(count, ()))
        else:
            rng = np.random.default_rng(np.random.SeedSequence((*key, 2)))
            place = int(rng.integers(count))
        if key is None:
            return place
        # Modulo the size it is the place; as a key it is of its own.
        return SampleIndex(
            place + count * (1 + int(index)), index.seed, index.epoch
        )
