# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos made up on the spot, whose scene and movement are independent."""

from functools import lru_cache

import cv2
import numpy as np
from numpy import ndarray

from mmssl.datasets.moving_shapes import texture
from mmssl.datasets.sources import FileSource
from mmssl.datasets.video_dataset import VideoDataset
from mmssl.registry import DATASETS

SCENES = 6
MOVEMENTS = ('sideways', 'updown', 'circle', 'pulse')
LABELS = ('movement', 'scene')
SPLITS = dict(train=0, test=1)


@lru_cache(maxsize=SCENES)
def scene_texture(scene: int, size: int) -> ndarray:
    """The picture that the backgrounds of a scene are cut from.

    Stripes of a direction and a width of their own between two colours,
    with noise: what tells scenes apart survives a change of colours.

    Args:
        scene (int): In [0, 6).
        size (int): Side of the frames, pixels; that of the picture is three
            times as long.

    Returns:
        ndarray: (3 size, 3 size, 3) uint8 RGB.
    """
    rng = np.random.default_rng(np.random.SeedSequence((2, scene)))
    y, x = np.mgrid[: 3 * size, : 3 * size]
    angle, width = np.pi * scene / SCENES, size * (0.15 + 0.05 * (scene % 3))
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / width)
    one, other = rng.uniform(0, 255, (2, 3))
    share = (0.5 + 0.5 * wave)[..., None]
    noise = texture(rng, 3 * size).astype(np.float64) - 128
    picture = share * one + (1 - share) * other + 0.5 * noise
    return np.clip(picture, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1024)
def scene_motion_video(
    split: str, scene: int, movement: int, number: int, frames: int, size: int
) -> ndarray:
    """A disc of random colour that moves over a still background.

    To and fro at one speed, in a circle, or in size; about once in 50
    frames, so that other moments of a video show other places.  What a
    single frame shows says little of the movement; centre, amplitude, phase,
    sense and period are random.  The background is a random part of the
    scene's picture.

    Args:
        split (str): 'train' or 'test'.
        scene (int): In [0, 6).
        movement (int): Place in ``MOVEMENTS``.
        number (int): Which video of the two.
        frames (int): Length t.
        size (int): Side of the square frames, pixels.

    Returns:
        ndarray: (t, size, size, 3) uint8 RGB.
    """
    key = (SPLITS[split], scene, movement, number)
    rng = np.random.default_rng(np.random.SeedSequence(key))
    whole = scene_texture(scene, size)
    top, left = rng.integers(0, 2 * size, 2)
    background = whole[top : top + size, left : left + size]
    centre = rng.uniform(0.4, 0.6, 2) * size
    amplitude = rng.uniform(0.25, 0.35) * size
    radius = rng.uniform(0.14, 0.2) * size
    colour = rng.integers(0, 256, 3).tolist()
    period, phase = rng.uniform(40, 60), rng.random()
    turns = phase + rng.choice([-1, 1]) * np.arange(frames) / period
    kind = MOVEMENTS[movement]
    x, y, growth = np.zeros((3, frames))
    if kind == 'circle':
        x = amplitude * np.cos(2 * np.pi * turns)
        y = amplitude * np.sin(2 * np.pi * turns)
    else:
        to_and_fro = 4 * np.abs(turns % 1 - 0.5) - 1  # in [-1, 1]
        x = amplitude * to_and_fro * (kind == 'sideways')
        y = amplitude * to_and_fro * (kind == 'updown')
        growth = 0.7 * to_and_fro * (kind == 'pulse')
    radii = radius * (1 + growth)
    video = np.repeat(background[None], frames, axis=0)
    for t in range(frames):
        place = np.rint(16 * np.add(centre, (x[t], y[t]))).astype(int)
        cv2.circle(
            video[t],
            place.tolist(),
            round(16 * radii[t]),
            colour,
            thickness=-1,
            lineType=cv2.LINE_AA,
            shift=4,  # sixteenths of a pixel
        )
    return video


@DATASETS.register_module()
class SceneMotionVideos(VideoDataset):
    """Six scenes times four movements, equally many videos of each pair.

    The label is one of the two, so that probes tell what features hold of
    each.

    Args:
        split (str): 'train' or 'test', which are different videos.
        per_pair (int): Videos of each pair.
        label (str): 'movement' or 'scene'.
        frames (int): Length of a video.
        size (int): Side of the square frames, pixels.
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
        **kwargs,
    ) -> None:
        if split not in SPLITS or label not in LABELS:
            raise ValueError(
                f'split must be in {list(SPLITS)} and label in {LABELS}, got '
                f'{split!r} and {label!r}'
            )
        if min(per_pair, frames, size) < 1:
            raise ValueError(
                'per_pair, frames and size must be >= 1, got '
                f'{per_pair}, {frames} and {size}'
            )
        self.keys = [
            (split, scene, movement, number, frames, size)
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
