# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Labelled videos made up on the spot, for runs of a few seconds."""

from functools import lru_cache

import numpy as np

from mmssl.datasets.moving_shapes import texture
from mmssl.datasets.sources import FileSource
from mmssl.datasets.transforms import LoadClips, VideoReader
from mmssl.datasets.video_dataset import VideoDataset
from mmssl.registry import DATASETS, TRANSFORMS

MOVEMENTS = dict(left=(-1, 0), right=(1, 0), up=(0, -1), down=(0, 1))
SPLITS = dict(train=0, test=1)
FRAMES, FPS = 32, 30.0


@lru_cache(maxsize=512)
def toy_video(split: str, movement: str, number: int, size: int) -> np.ndarray:
    """A texture that drifts in one of four directions.

    Each movement also has a tint of its own, so that one frame says
    something of the class and several say more.

    Args:
        split (str): 'train' or 'test'.
        movement (str): One of ``MOVEMENTS``.
        number (int): Which video of it; decides texture and speed.
        size (int): Side of the square frames, pixels.

    Returns:
        ndarray: (32, size, size, 3) uint8 RGB.
    """
    index = list(MOVEMENTS).index(movement)
    key = (SPLITS[split], index, number)
    rng = np.random.default_rng(np.random.SeedSequence(key))
    picture = texture(rng, size).astype(np.float32)
    picture[..., :3] += 30 * np.eye(4, 3)[index]
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    x, y = MOVEMENTS[movement]
    speed = int(rng.integers(1, 3))
    return np.stack(
        [
            np.roll(picture, (y * speed * t, x * speed * t), (0, 1))
            for t in range(FRAMES)
        ]
    )


class _ToyReader(VideoReader):
    """A drawn video in the place of a file."""

    def __init__(self, path: str, size: int) -> None:
        self.path = path
        split, movement, number = path.split('/')
        self._frames = toy_video(split, movement, int(number), size)
        self.num_frames, self.fps = len(self._frames), FPS

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        return self._frames[wanted]


@TRANSFORMS.register_module()
class DrawClips(LoadClips):
    """:class:`LoadClips` of a video that no file holds.

    Args:
        size (int): Side of the square frames, pixels.
        **kwargs: See :class:`LoadClips`.
    """

    def __init__(self, size: int = 32, **kwargs) -> None:
        super().__init__(**kwargs)
        self.size = size

    def open(self, results: dict) -> VideoReader:
        return _ToyReader(results['path'], self.size)


@DATASETS.register_module()
class ToyActions(VideoDataset):
    """Videos of four movements, equally many of each.

    Args:
        split (str): 'train' or 'test'.
        per_class (int): Videos of each movement.
        **kwargs: See :class:`VideoDataset`; ``clips`` are the arguments of
            :class:`DrawClips`.  A ``pipeline`` begins with it.

    Raises:
        ValueError: Another split.
    """

    def __init__(
        self, split: str = 'train', per_class: int = 16, **kwargs
    ) -> None:
        if split not in SPLITS:
            raise ValueError(
                f'split must be one of {sorted(SPLITS)}, got {split!r}'
            )
        names, labels = [], []
        for label, movement in enumerate(MOVEMENTS):
            names += [f'{split}/{movement}/{i}' for i in range(per_class)]
            labels += [label] * per_class
        source = FileSource('', names, labels, tuple(MOVEMENTS))
        super().__init__(source, **kwargs)

    def loading_step(self) -> dict:
        return dict(type='DrawClips', **self.clips)
