# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The one dataset of pictures: pipeline, random numbers, bad files.

Where the pictures lie is a matter of the source (``sources.py``); the
registered classes of ``image_folders.py`` and its neighbours only find it.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import Dataset, get_worker_info

from mmssl.datasets.sources import Source
from mmssl.datasets.transforms import DataError, UnreadableSample
from mmssl.registry import TRANSFORMS
from mmssl.utils.data_root import DATA_ROOT_VARIABLE, follow_data_root
from mmssl.utils.errors import UsageError

LABEL_FORMATS = (
    "class folders ('cat/0001.jpg', 'dog/0001.jpg', with_label=True) or a "
    "list file of two columns ('cat/0001.jpg 0', 'dog/0001.jpg 1')"
)


def find_data(path: str | Path, owner: str) -> Path:
    """Path of a data root, file or folder.

    A path that begins with ``data/`` is looked for in the folder that the
    environment variable ``MMSSL_DATA_ROOT`` names, if it is set.

    Args:
        path (str or Path): As the config gives it.
        owner (str): Name of the dataset class, for the message.

    Raises:
        UsageError: There is nothing.
    """
    found = follow_data_root(path)
    if not found.exists():
        raise UsageError(
            f'{owner}: no data at {found.absolute()} (the config says '
            f'{str(path)!r}); set its key data_root, for example '
            '--cfg-options data_root=PATH, or the folder that data/ stands '
            f'for by the variable {DATA_ROOT_VARIABLE}; dataset type '
            "'EmbeddedPhotos' needs no data; see docs/your_data.md"
        )
    return found


class ImageDataset(Dataset):
    """Pictures of a source, through a pipeline.

    All random numbers of a sample come from (seed, epoch, index), which a
    :class:`SampleIndex` carries; so they depend neither on the number of
    workers nor on other samples.  For foreign transforms the global
    generators of random, numpy and torch are seeded from the same key and
    put back afterwards.  A plain int draws from torch's global generator.

    An unreadable picture is named in a warning, counted, and replaced by the
    next one; counts are shared by the workers of a process.

    Args:
        source (Source): Where the pictures are.
        pipeline (Sequence[dict], optional): Transforms.
        views (Sequence[dict], optional): Short for the pipeline
            ``LoadImage, MultiView(views), PackViews``; give one of both.
        shared_flip (float): With ``views``, probability of mirroring all
            views of a picture together; :class:`FlipViews`.
        max_bad_share (float): Share of unreadable pictures in the dataset
            above which loading fails.

    Raises:
        UsageError: Not as many labels as pictures.
        ValueError: Both or neither of pipeline and views.
        DataError: On reading, too many unreadable pictures.
    """

    noun = 'images'
    packed: Sequence[str] = ()  # what further travels with a sample

    def __init__(
        self,
        source: Source,
        pipeline: Sequence[dict] | None = None,
        views: Sequence[dict] | None = None,
        shared_flip: float = 0.0,
        max_bad_share: float = 0.05,
    ) -> None:
        if (pipeline is None) == (views is None):
            raise ValueError('give one of views and pipeline')
        if not 0 <= max_bad_share <= 1:
            raise ValueError(
                f'max_bad_share must be in [0, 1], got {max_bad_share}'
            )
        if pipeline is None:
            flip = [dict(type='FlipViews', prob=shared_flip)]
            pipeline = [
                self.loading_step(),
                dict(type='MultiView', views=views),
                *(flip if shared_flip else []),
                dict(type='PackViews', keys=self.packed),
            ]
        labels = source.labels
        if labels is not None and len(labels) != len(source):
            raise UsageError(
                f'{len(labels)} labels for the {len(source)} pictures of '
                f'this {type(self).__name__}; each needs one'
            )
        self.source = source
        self.pipeline = [TRANSFORMS.build(step) for step in pipeline]
        self.max_bad_share = max_bad_share
        # Workers are forked or spawned from here: all see the same flags.
        self._bad = torch.zeros(len(source), dtype=torch.bool)
        self._bad.share_memory_()
        self._foreign = any(
            not type(step).__module__.startswith('mmssl.')
            for step in self.pipeline
        )

    def loading_step(self) -> dict:
        """Config of the transform that ``views`` are cut after."""
        return dict(type='LoadImage')

    def __len__(self) -> int:
        return len(self.source)

    @property
    def metainfo(self) -> dict:
        """``classes``: names of the class numbers, empty without labels."""
        return dict(classes=self.source.classes)

    @property
    def has_labels(self) -> bool:
        """Whether every picture has a label."""
        return self.source.labels is not None

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64 class numbers, without loading a picture; or (n, classes)
        in {1, 0, -1} where a picture has several, see :class:`ImageCoco`.

        Raises:
            UsageError: There are none.
        """
        if self.source.labels is None:
            raise UsageError(
                f'labels are needed, but the {len(self)} pictures of this '
                f'{type(self).__name__} have none; expected are '
                f'{LABEL_FORMATS}'
            )
        return self.source.labels

    def get_label(self, index: int) -> int:
        """Class number of a picture, without loading it."""
        return int(self.labels[index])

    @property
    def bad(self) -> list[str]:
        """Names of the pictures found unreadable so far, by all workers."""
        return [self.source.name(i) for i in self._bad.nonzero()[:, 0]]

    def __getitem__(self, index: int) -> dict:
        """Load a sample; an unreadable one is replaced by the next.

        Raises:
            DataError: Too many pictures are unreadable.
        """
        if get_worker_info() is not None:
            cv2.setNumThreads(0)  # workers are the threads
        position = int(index) % len(self)
        while True:
            try:
                return self._load(position, getattr(index, 'key', None))
            except UnreadableSample as error:
                self._count_bad(position, str(error))
                position = (position + 1) % len(self)

    def _load(self, position: int, key: tuple | None) -> dict:
        results = self.read(position)
        if key is None:
            key = tuple(torch.randint(2**31, (3,)).tolist())
        results['key'] = key
        if not self._foreign:
            return self._transform(results)
        with seeded_globals(key):
            return self._transform(results)

    def read(self, position: int) -> dict:
        """What enters the pipeline.

        Returns:
            dict: ``sample_idx``, ``path`` (also as ``img_path``, which
            other toolboxes read), ``label`` if there is one, and
            ``img_bytes`` or ``img``.
        """
        data = self.source.read(position)
        name = self.source.name(position)
        results = dict(sample_idx=position, path=name, img_path=name)
        results['img_bytes' if isinstance(data, bytes) else 'img'] = data
        if self.has_labels:
            results['label'] = self.source.labels[position].tolist()
        return results

    def _transform(self, results: dict) -> dict:
        for step in self.pipeline:
            results = step(results)
        return results

    def _count_bad(self, position: int, reason: str) -> None:
        if not self._bad[position]:
            self._bad[position] = True
            count = int(self._bad.sum())
            text = f'skipped {count}/{len(self)} {self.noun}, last: {reason}'
            print_log(text, logger='current', level=30)
        count = int(self._bad.sum())
        if count > self.max_bad_share * len(self) or count == len(self):
            raise DataError(
                f'{count} of {len(self)} {self.noun} are unreadable, more '
                f'than max_bad_share={self.max_bad_share:g} of the dataset '
                f'allows; last: {reason}'
            )


@contextmanager
def seeded_globals(key: tuple[int, int, int]) -> Iterator[None]:
    """Seed random, numpy and torch (CPU) for a block, then put them back.

    Args:
        key (tuple[int, int, int]): (seed, epoch, index).
    """
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    words = np.random.SeedSequence(key).generate_state(3).tolist()
    random.seed(words[0])
    np.random.seed(words[1])
    torch.default_generator.manual_seed(words[2])
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
