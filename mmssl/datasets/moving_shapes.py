# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos made up on the spot: textured shapes over a drifting texture."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy import ndarray
from torch.utils.data import Dataset

from mmssl.datasets.drawn_videos import SPLITS, split_rng, texture
from mmssl.datasets.small_images import check_split
from mmssl.datasets.vos_clips import ClipDataset
from mmssl.datasets.vos_sequences import vos_sample
from mmssl.registry import DATASETS

SHAPES = ('ellipse', 'rectangle')


def moving_shapes(
    rng: np.random.Generator, frames: int = 8, size: int = 64
) -> tuple[ndarray, ndarray]:
    """One video with the masks of its two shapes.

    Background and shapes have textures of one kind, each moves with a speed
    of its own, at most 2.5 % of the side a frame, and shapes turn a little;
    the second is in front of the first.

    Args:
        rng (Generator): Of everything.
        frames (int): Length t.
        size (int): Side of the square frames, pixels.

    Returns:
        tuple[ndarray, ndarray]: (t, size, size, 3) uint8 RGB, and object
        numbers (t, size, size) uint8 in {0, 1, 2}.
    """
    speed = rng.uniform(-0.025, 0.025, (3, 2)) * size
    turn = rng.uniform(-0.06, 0.06, 3)
    textures = [texture(rng, 2 * size) for _ in range(3)]
    centres = rng.uniform(0.3, 0.7, (3, 2)) * size
    axes = rng.uniform(0.12, 0.24, (3, 2)) * size
    kinds = rng.integers(len(SHAPES), size=3)
    y, x = np.mgrid[:size, :size] + 0.5
    video = np.empty((frames, size, size, 3), np.uint8)
    masks = np.zeros((frames, size, size), np.uint8)
    for t in range(frames):
        for number in range(3):
            angle = turn[number] * t * (number > 0)
            dx = x - centres[number, 0] - speed[number, 0] * t
            dy = y - centres[number, 1] - speed[number, 1] * t
            u = dx * np.cos(angle) + dy * np.sin(angle)
            v = dy * np.cos(angle) - dx * np.sin(angle)
            inside = np.ones_like(u, dtype=bool)
            if number:
                a, b = np.abs(u / axes[number, 0]), np.abs(v / axes[number, 1])
                round_ = SHAPES[kinds[number]] == 'ellipse'
                inside = a**2 + b**2 <= 1 if round_ else np.maximum(a, b) <= 1
            picture = cv2.remap(
                textures[number],
                (u + size).astype(np.float32),
                (v + size).astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_WRAP,
            )
            video[t][inside] = picture[inside]
            masks[t][inside] = number
    return video, masks


@lru_cache(maxsize=512)
def _video(
    split: str, index: int, frames: int, size: int
) -> tuple[ndarray, ndarray]:
    return moving_shapes(split_rng(split, index), frames, size)


class ShapeVideo(Sequence):
    """Frames (3, h, w) uint8 of one of the fixed videos of a split.

    Args:
        split (str): 'train' or 'test'.
        index (int): Number of the video.
        frames (int): Length.
        size (int): Side, pixels.

    Raises:
        ValueError: The split is unknown.
    """

    def __init__(self, split: str, index: int, frames: int, size: int) -> None:
        check_split(split, SPLITS)
        self.key = split, index, frames, size

    def __len__(self) -> int:
        return self.key[2]

    def __getitem__(self, index: int) -> torch.Tensor:
        (frame,) = self.read([index])
        return torch.from_numpy(frame).permute(2, 0, 1)

    def read(self, ids: Sequence[int]) -> ndarray:
        """Frames (len(ids), h, w, 3)."""
        return _video(*self.key)[0][list(ids)]

    def masks(self) -> ndarray:
        """Object numbers of all frames, (t, h, w) uint8."""
        return _video(*self.key)[1]


@DATASETS.register_module()
class MovingShapeClips(ClipDataset):
    """Clips of generated videos, for training without any file.

    Args:
        pipeline (Sequence[dict]): See :class:`ClipDataset`.
        split (str): 'train' or 'test', which are different videos.
        num_videos (int): How many.
        video_length (int): Frames of each.
        size (int): Side, pixels.
        **kwargs: See :class:`ClipDataset`.

    Raises:
        ValueError: The split is unknown.
    """

    def __init__(
        self,
        pipeline: Sequence[dict],
        split: str = 'train',
        num_videos: int = 160,
        video_length: int = 8,
        size: int = 64,
        **kwargs,
    ) -> None:
        videos = [
            (f'{split}/{i}', ShapeVideo(split, i, video_length, size))
            for i in range(num_videos)
        ]
        super().__init__(videos, pipeline, **kwargs)


@DATASETS.register_module()
class MovingShapeSequences(Dataset):
    """The same videos whole, with masks; samples as VOSSequenceDataset's.

    Args:
        split (str): 'train' or 'test'.
        num_videos (int): How many.
        video_length (int): Frames of each, >= 3.
        size (int): Side, pixels.

    Raises:
        ValueError: The split is unknown.
    """

    def __init__(
        self,
        split: str = 'test',
        num_videos: int = 8,
        video_length: int = 8,
        size: int = 64,
    ) -> None:
        self.videos = [
            ShapeVideo(split, i, video_length, size) for i in range(num_videos)
        ]
        self.split = split
        self.metainfo = dict()

    def __len__(self) -> int:
        return len(self.videos)

    def __getitem__(self, index: int) -> dict:
        video = self.videos[index]
        masks = video.masks()
        return vos_sample(
            sample_idx=int(index),
            path=f'{self.split}/{int(index)}',
            frames=video,
            names=[f'{t:05d}' for t in range(len(video))],
            annotations={f'{t:05d}': mask for t, mask in enumerate(masks)},
            given={0: masks[0]},
            saved=[f'{t:05d}' for t in range(len(video))],
        )
