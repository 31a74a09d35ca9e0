# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos made up on the spot, whose scene and movement are independent."""

from functools import lru_cache

import numpy as np
from numpy import ndarray

from mmssl.datasets.drawn_videos import (
    SPLITS,
    drifting,
    split_rng,
    texture,
)
from mmssl.datasets.small_images import check_split
from mmssl.datasets.sources import FileSource
from mmssl.datasets.video_dataset import VideoDataset
from mmssl.registry import DATASETS

SCENES = 6
MOVEMENTS = ('left', 'right', 'up', 'down')
DIRECTIONS = np.array([(0, -1), (0, 1), (-1, 0), (1, 0)])  # (y, x)
LABELS = ('movement', 'scene')


def scene_picture(rng: np.random.Generator, scene: int, size: int) -> ndarray:
    """A background: stripes, whose direction and width are the scene's.

    So are their two colours, roughly; their place, shades and the noise over
    them differ from video to video, as the looks of a place do.

    Args:
        rng (Generator): Of what differs.
        scene (int): In [0, 6).
        size (int): Side, pixels.

    Returns:
        ndarray: (size, size, 3) uint8 RGB.
    """
    y, x = np.mgrid[:size, :size] / size
    angle, width = np.pi * scene / SCENES, 0.3 + 0.1 * (scene % 3)
    turns = (x * np.cos(angle) + y * np.sin(angle)) / width + rng.random()
    share = 0.5 + 0.5 * np.sin(2 * np.pi * turns)[..., None]
    usual = np.random.default_rng(scene).uniform(0, 255, (2, 3))
    one, other = usual + rng.uniform(-60, 60, (2, 3))
    noise = texture(rng, size).astype(np.float64) - 128
    picture = share * one + (1 - share) * other + 0.3 * noise
    return picture.clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=1024)
def scene_motion_video(
    split: str,
    scene: int,
    movement: int,
    number: int,
    frames: int,
    size: int,
    changing: bool = False,
) -> ndarray:
    """Many squares of one colour that drift together before a still scene.

    They lie at random, fill the frame and enter again where they leave it:
    neither a frame nor a place tells the movement.

    Args:
        split (str): 'train' or 'test'.
        scene (int): In [0, 6), see :func:`scene_picture`.
        movement (int): Place in ``MOVEMENTS``.
        number (int): Which video of the two.
        frames (int): Length t.
        size (int): Side of the square frames, pixels.
        changing (bool): The movement is that of the first quarter of the
            video; the other three follow, each for a quarter, in random
            order.

    Returns:
        ndarray: (t, size, size, 3) uint8 RGB.
    """
    rng = split_rng(split, scene, movement, number)
    background = scene_picture(rng, scene, size)
    colour = rng.integers(0, 256, 3, dtype=np.uint8)
    side = max(size // 10, 1)
    cells = rng.random((-(-size // side),) * 2) < 0.2
    squares = np.kron(cells, np.ones((side, side), bool))[:size, :size]
    kinds = np.full(len(MOVEMENTS), movement)
    if changing:
        kinds = (movement + np.r_[0, rng.permutation([1, 2, 3])]) % 4
    kinds = kinds[np.arange(frames) * len(kinds) // frames]
    speed = size / 20  # pixels a frame
    there = drifting(squares, speed * DIRECTIONS[kinds])
    return np.where(there[..., None], colour, background)


@DATASETS.register_module()
class SceneMotionVideos(VideoDataset):
    """Six scenes times four movements, equally many videos of each pair.

    The scene is the short way to tell videos apart; a movement is told by
    nothing but time.  The label is one of the two, so that probes tell what
    features hold of each.

    Args:
        split (str): 'train' or 'test', which are different videos.
        per_pair (int): Videos of each pair.
        label (str): 'movement' or 'scene'.
        frames (int): Length of a video.
        size (int): Side of the square frames, pixels.
        changing (bool): Other moments of a video show other movements, see
            :func:`scene_motion_video`; the label is the first.
        **kwargs: See :class:`VideoDataset`.

    Raises:
        ValueError: No such split or label, or a number below 1.
    """

    def __init__(
        self,
        split: str = 'train',
        per_pair: int = 10,
        label: str = 'movement',
        frames: int = 48,
        size: int = 32,
        changing: bool = False,
        **kwargs,
    ) -> None:
        check_split(split, SPLITS)
        if label not in LABELS:
            raise ValueError(f'label must be in {LABELS}, got {label!r}')
        if min(per_pair, frames, size) < 1:
            raise ValueError(
                'per_pair, frames and size must be >= 1, got '
                f'{per_pair}, {frames} and {size}'
            )
        self.keys = [
            (split, scene, movement, number, frames, size, changing)
            for scene in range(SCENES)
            for movement in range(len(MOVEMENTS))
            for number in range(per_pair)
        ]
        names = [f'{s}/{a}/{MOVEMENTS[m]}/{i}' for s, a, m, i, *_ in self.keys]
        labels = [key[2 if label == 'movement' else 1] for key in self.keys]
        scenes = [f'scene {i}' for i in range(SCENES)]
        classes = MOVEMENTS if label == 'movement' else tuple(scenes)
        super().__init__(FileSource('', names, labels, classes), **kwargs)

    def read(self, position: int) -> dict:
        """As the parent, with the drawn video."""
        video = scene_motion_video(*self.keys[position])
        return dict(super().read(position), video=video)
