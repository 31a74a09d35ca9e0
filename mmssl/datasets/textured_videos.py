# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos made up on the spot: each a texture of its own that drifts."""

import numpy as np

from mmssl.datasets.drawn_videos import split_rng
from mmssl.datasets.sources import Source
from mmssl.datasets.video_dataset import VideoDataset
from mmssl.registry import DATASETS

CLASSES = ('stripes', 'rings', 'checks')
WAVES = dict(stripes=8, rings=13, checks=18)  # radians over half a side


def textured_video(
    rng: np.random.Generator, kind: str, frames: int, size: int
) -> np.ndarray:
    """One video of a pattern that drifts and turns before a shaded ground.

    Shades of grey, wave length, direction and speed are the video's own, so
    that only the kind of pattern tells the class.

    Args:
        rng (Generator): Of everything.
        kind (str): One of :data:`CLASSES`.
        frames (int): Length t.
        size (int): Side of the square frames, pixels.

    Returns:
        ndarray: (t, size, size, 3) uint8 RGB.
    """
    axis = np.linspace(-1, 1, size)
    time = np.arange(frames)[:, None, None]
    turn = rng.uniform(0, np.pi) + rng.uniform(-0.03, 0.03) * time
    drift = rng.uniform(-0.04, 0.04, (2, 1, 1, 1)) * time
    x, y = axis - drift[0], axis[:, None] - drift[1]
    u = x * np.cos(turn) + y * np.sin(turn)
    v = y * np.cos(turn) - x * np.sin(turn)
    waves = WAVES[kind] + rng.uniform(-1, 1)
    level = dict(
        stripes=lambda: np.sin(waves * u),
        rings=lambda: np.sin(waves * np.hypot(u, v)),
        checks=lambda: np.sin(waves * u) * np.sin(waves * v),
    )[kind]()
    low, high = rng.uniform(0, 255, (2, 1))
    share = 0.5 + 0.5 * level[..., None]
    shade = 20 * (
        rng.uniform(-1, 1) * axis + rng.uniform(-1, 1) * axis[:, None]
    )
    video = low + (high - low) * share + shade[..., None]
    video += rng.normal(0, 6, video.shape)
    return video.clip(0, 255).astype(np.uint8).repeat(3, -1)


@DATASETS.register_module()
class TexturedVideos(VideoDataset):
    """Generated videos of three classes, for trying out without any file.

    Args:
        split (str): 'train' or 'test', which are different videos.
        num_videos (int): How many, classes in turn.
        num_frames (int): Frames of each.
        size (int): Side, pixels.
        **kwargs: See :class:`VideoDataset`.

    Raises:
        ValueError: The split is unknown.
    """

    def __init__(
        self,
        split: str = 'train',
        num_videos: int = 48,
        num_frames: int = 32,
        size: int = 40,
        **kwargs,
    ) -> None:
        names = [f'{split}/{i}' for i in range(num_videos)]
        labels = np.arange(num_videos) % len(CLASSES)
        super().__init__(Source(names, labels, CLASSES), **kwargs)
        self.videos = [
            textured_video(
                split_rng(split, i), CLASSES[label], num_frames, size
            )
            for i, label in enumerate(labels)
        ]

    def read(self, position: int) -> dict:
        """What enters the pipeline, with the frames as ``video``."""
        return dict(super().read(position), video=self.videos[position])
