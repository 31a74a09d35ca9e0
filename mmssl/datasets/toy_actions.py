# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Labelled videos made up on the spot, for runs of a few seconds."""

from functools import lru_cache

import numpy as np

from mmssl.datasets.moving_shapes import texture
from mmssl.datasets.sources import FileSource
from mmssl.datasets.video_dataset import VideoDataset
from mmssl.registry import DATASETS

MOVEMENTS = dict(left=(-1, 0), right=(1, 0), up=(0, -1), down=(0, 1))
SPLITS = dict(train=0, test=1)
FRAMES, SIZE = 32, 32


@lru_cache(maxsize=512)
def toy_video(split: str, movement: str, number: int) -> np.ndarray:
    """A texture that drifts in one of four directions.

    Each movement also has a tint of its own, so that one frame says
    something of the class and several say more.

    Args:
        split (str): 'train' or 'test'.
        movement (str): One of ``MOVEMENTS``.
        number (int): Which video of it; decides texture and speed.

    Returns:
        ndarray: (32, 32, 32, 3) uint8 RGB.
    """
    index = list(MOVEMENTS).index(movement)
    key = (SPLITS[split], index, number)
    rng = np.random.default_rng(np.random.SeedSequence(key))
    picture = texture(rng, SIZE).astype(np.float32)
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


@DATASETS.register_module()
class ToyActions(VideoDataset):
    """Videos of four movements, equally many of each.

    Args:
        split (str): 'train' or 'test'.
        per_class (int): Videos of each movement.
        **kwargs: See :class:`VideoDataset`.

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

    def read(self, position: int) -> dict:
        """As the parent, with the drawn video."""
        split, movement, number = self.source.name(position).split('/')
        video = toy_video(split, movement, int(number))
        return dict(super().read(position), video=video)
