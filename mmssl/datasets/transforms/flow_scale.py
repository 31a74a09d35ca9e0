# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A clip whose movement is made stronger or weaker by its optical flow."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from mmssl.datasets.transforms.load_clips import CLIP_STREAM
from mmssl.datasets.transforms.loading import UnreadableSample
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.registry import TRANSFORMS
from mmssl.structures import flow_sample, flow_splat
from mmssl.utils.data_root import follow_data_root

WAYS = ('sample', 'splat', 'splat_nearest')


@TRANSFORMS.register_module()
class FlowScaleWarp:
    """Warp each frame of a clip by its own flow, times one random factor.

    Flow is stored as pictures, as mmaction2's raw frames have it: one grey
    picture a frame and axis, in a folder with the name of the video.  As in
    the authors' code the two are scaled to [0, 1] together.  Comes after
    :class:`LoadTriplet` with ``negative='same'``.

    Reads ``path``, ``clips``, ``clip_frames`` and ``key``; replaces one of
    the clips.

    Args:
        flow_root (str): Folder that has a folder for each video; may begin
            with ``data/``.
        template (str): Name of a picture in it, with ``axis`` ('x' or 'y')
            and ``number``, the frame's from 1.
        most (float): f = max(0.01, most * u), u uniform in [0, 1).
        way (str): 'sample' (published), or 'splat' and 'splat_nearest',
            :func:`flow_splat`.
        clip (int): Number of the clip; 2 is the negative.

    Raises:
        ValueError: A setting outside its range.
        UnreadableSample: On use, names the flow picture that is missing.
    """

    def __init__(
        self,
        flow_root: str,
        template: str = '{axis}_{number:05d}.jpg',
        most: float = 10.0,
        way: str = 'sample',
        clip: int = 2,
    ) -> None:
        if way not in WAYS or most <= 0:
            raise ValueError(
                f'way must be in {WAYS} and most > 0, got {way!r} and {most}'
            )
        self.root = follow_data_root(flow_root)
        self.template = template
        self.most = most
        self.way = way
        self.clip = clip

    def __call__(self, results: dict) -> dict:
        key = results.get('key') or random_key()
        rng = view_rng(key, CLIP_STREAM + 1)
        factor = max(0.01, self.most * rng.random())
        clip = results['clips'][self.clip]
        folder = self.root / Path(results['path']).stem
        numbers = results['clip_frames'][self.clip] + 1
        flow = self.read(folder, numbers, clip.shape[1:3])
        results['clips'][self.clip] = self.warp(clip, flow, factor)
        return results

    def read(
        self, folder: Path, numbers: np.ndarray, size: tuple[int, int]
    ) -> Tensor:
        """Flow of frames, (t, 2, h, w) in [0, 1].

        Args:
            folder (Path): Of the video.
            numbers (ndarray): (t,), from 1.
            size (tuple[int, int]): (h, w) of the frames.
        """
        flow = np.empty((len(numbers), 2, *size), np.float32)
        for row, number in zip(flow, numbers.tolist(), strict=True):
            for plane, axis in zip(row, 'xy', strict=True):
                name = self.template.format(axis=axis, number=number)
                path = folder / name
                picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
                if picture is None:
                    raise UnreadableSample(
                        f'FlowScaleWarp: no flow picture {path}; write the '
                        'TV-L1 flow of every frame there, name another '
                        "flow_root or template, or take negative='shift' of "
                        'LoadTriplet, which needs none'
                    )
                plane[:] = cv2.resize(picture, size[::-1])
            low, high = row.min(), row.max()
            row[:] = (row - low) / max(high - low, 1e-12)
        return torch.from_numpy(flow)

    def warp(
        self, clip: np.ndarray, flow: Tensor, factor: float
    ) -> np.ndarray:
        """All frames of a clip along their flow.

        Args:
            clip (ndarray): (t, h, w, 3) uint8.
            flow (Tensor): (t, 2, h, w).
            factor (float): f.
        """
        frames = torch.from_numpy(clip).permute(0, 3, 1, 2).float()
        if self.way == 'sample':
            frames = flow_sample(frames, flow, factor)
        else:
            nearest = self.way == 'splat_nearest'
            frames = flow_splat(frames, flow, factor, nearest)
        frames = frames.round().clamp(0, 255).byte()
        return frames.permute(0, 2, 3, 1).contiguous().numpy()
