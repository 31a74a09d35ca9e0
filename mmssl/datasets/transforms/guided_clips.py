# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clips of frames and their guided views, for Dense-VOS.

The rules are those of Dense-VOS (https://arxiv.org/abs/2111.06265): the same
random numbers for all frames of a clip, no change of colours, and a second
view, mirrored and zoomed, whose map is kept.  All transforms read and write
``frames``, (t, h, w, 3) uint8 RGB, and draw from ``rng``, a generator that
the dataset makes from the key of the sample; each draws a fixed number of
numbers, whatever its settings.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy import ndarray

from mmssl.datasets.transforms import opencv_backend
from mmssl.registry import TRANSFORMS
from mmssl.structures import DataSample, guided_affines, short_edge_size


class GuidedParams(NamedTuple):
    """What is drawn for a guided view.

    Attributes:
        flip (bool): Mirror left to right, before the window is cut.
        share (float): Share s of the frame's sides in the window.
        window (tuple[int, int, int, int]): (y, x, h, w) in the mirrored
            frame, pixels.
    """

    flip: bool
    share: float
    window: tuple[int, int, int, int]


def resize_frames(frames: ndarray, size: tuple[int, int]) -> ndarray:
    """Frames (t, h, w, 3) at another (h, w), as Pillow's bilinear."""
    return np.stack(
        [opencv_backend.resize(frame, size, 'bilinear') for frame in frames]
    )


def draw_guided(
    numbers: ndarray,
    size: tuple[int, int],
    share: tuple[float, float] = (0.5, 1.0),
    flip_prob: float = 0.5,
) -> GuidedParams:
    """From four uniform numbers to the parameters of a view.

    Args:
        numbers (ndarray): (4,) in [0, 1): flip, share, row, column.
        size (tuple[int, int]): (H, W) of the frame.
        share (tuple[float, float]): Range of the window's share.
        flip_prob (float): Probability of mirroring.
    """
    low, high = share
    part = low + (high - low) * float(numbers[1])
    height, width = (int(part * side) for side in size)
    y, x = (
        int(number * (side - window + 1))
        for number, side, window in zip(
            numbers[2:], size, (height, width), strict=True
        )
    )
    return GuidedParams(
        bool(numbers[0] < flip_prob), part, (y, x, height, width)
    )


def guided_view(frames: ndarray, params: GuidedParams) -> ndarray:
    """Mirror, cut the window, enlarge it to the frame's size.

    Args:
        frames (ndarray): (t, h, w, 3) uint8.
        params (GuidedParams): What was drawn.

    Returns:
        ndarray: The same shape.
    """
    y, x, height, width = params.window
    size = frames.shape[1:3]
    if params.flip:
        frames = frames[:, :, ::-1]
    window = frames[:, y : y + height, x : x + width]
    return resize_frames(np.ascontiguousarray(window), size)


def guided_affine(params: GuidedParams, size: tuple[int, int]) -> ndarray:
    """Where the view's pixels lie in the plain frame.

    As published it is made from the share s, while the window's sides are
    cut to whole pixels: less than a pixel apart.

    Args:
        params (GuidedParams): What was drawn.
        size (tuple[int, int]): (H, W) of the frame.

    Returns:
        ndarray: (2, 3) float32, for ``affine_grid``; see
        :func:`mmssl.structures.guided_affines`.
    """
    y, x, height, width = params.window
    shift = [y + height / 2 - size[0] / 2, x + width / 2 - size[1] / 2]
    _, inverse = guided_affines(
        torch.tensor([shift], dtype=torch.float64),
        torch.tensor([1 / params.share], dtype=torch.float64),
        torch.tensor([-1.0 if params.flip else 1.0], dtype=torch.float64),
        size,
    )
    return inverse[0].float().numpy()


@TRANSFORMS.register_module()
class ClipResizeShortEdge:
    """Resize the frames of a clip so that their short edge has r pixels.

    Args:
        low (int): Smallest r.
        high (int, optional): r is ``low + int((high - low) u)`` with u
            uniform in [0, 1); defaults to ``low``.

    Raises:
        ValueError: Not 1 <= low <= high.
    """

    def __init__(self, low: int, high: int | None = None) -> None:
        self.low, self.high = low, low if high is None else high
        if not 1 <= self.low <= self.high:
            raise ValueError(
                f'the short edge needs 1 <= low <= high, got {low} and {high}'
            )

    def __call__(self, results: dict) -> dict:
        share = results['rng'].random()
        short = self.low + int((self.high - self.low) * share)
        frames = results['frames']
        size = short_edge_size(frames.shape[1:3], short)
        results['frames'] = resize_frames(frames, size)
        return results


@TRANSFORMS.register_module()
class ClipCrop:
    """Cut one window out of all frames; smaller frames get black borders.

    Args:
        size (int): Side, pixels.
        random (bool): Anywhere, or in the middle.

    Raises:
        ValueError: The side is not above 0.
    """

    def __init__(self, size: int, random: bool = True) -> None:
        if size < 1:
            raise ValueError(f'size must be >= 1, got {size}')
        self.size = size
        self.random = random

    def __call__(self, results: dict) -> dict:
        place = results['rng'].random(2)
        place = place if self.random else (0.5, 0.5)
        frames = results['frames']
        lacks = [max(0, self.size - side) for side in frames.shape[1:3]]
        if any(lacks):
            border = [(lack // 2, lack - lack // 2) for lack in lacks]
            frames = np.pad(frames, [(0, 0), *border, (0, 0)])
        y, x = (
            int(number * (side - self.size + 1))
            for number, side in zip(place, frames.shape[1:3], strict=True)
        )
        results['frames'] = frames[:, y : y + self.size, x : x + self.size]
        return results


@TRANSFORMS.register_module()
class ClipFlip:
    """Mirror all frames together; both views get it.

    Args:
        prob (float): Probability.

    Raises:
        ValueError: It is not in [0, 1].
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be in [0, 1], got {prob}')
        self.prob = prob

    def __call__(self, results: dict) -> dict:
        if results['rng'].random() < self.prob:
            results['frames'] = results['frames'][:, :, ::-1]
        return results


@TRANSFORMS.register_module()
class GuidedView:
    """Add the mirrored and zoomed view of a clip, and its map.

    Writes ``guided``, (t, h, w, 3) uint8, and ``affine``, (2, 3) float32:
    where the guided view's pixels lie in the plain one.

    Args:
        share (tuple[float, float]): Range of the window's share of the
            frame's sides, in (0, 1]; (1, 1) does not zoom.
        flip_prob (float): Probability of mirroring.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        share: tuple[float, float] = (0.5, 1.0),
        flip_prob: float = 0.5,
    ) -> None:
        low, high = share
        if not 0 < low <= high <= 1 or not 0 <= flip_prob <= 1:
            raise ValueError(
                'share must be a range in (0, 1] and flip_prob in [0, 1], '
                f'got share={share}, flip_prob={flip_prob}'
            )
        self.share = low, high
        self.flip_prob = flip_prob

    def __call__(self, results: dict) -> dict:
        frames = results['frames']
        size = frames.shape[1:3]
        numbers = results['rng'].random(4)
        params = draw_guided(numbers, size, self.share, self.flip_prob)
        results['guided'] = guided_view(frames, params)
        results['affine'] = guided_affine(params, size)
        return results


@TRANSFORMS.register_module()
class PackClipViews:
    """Make ``dict(inputs=[plain, guided], data_samples=DataSample)``.

    The views are (3, t, h, w) uint8 tensors; a clip without ``guided`` has
    one.  The sample has ``sample_idx``, ``path``, ``frame_ids`` and
    ``affine``.
    """

    def __call__(self, results: dict) -> dict:
        sample = DataSample()
        for key in ('sample_idx', 'path', 'frame_ids', 'affine'):
            if key in results:
                sample.set_field(results[key], key, field_type='metainfo')
        views = [
            results[key] for key in ('frames', 'guided') if key in results
        ]
        return dict(
            inputs=[channels_first(view) for view in views],
            data_samples=sample,
        )


def channels_first(frames: ndarray) -> torch.Tensor:
    """(t, h, w, 3) to a contiguous (3, t, h, w) tensor."""
    planes = [cv2.split(np.ascontiguousarray(frame)) for frame in frames]
    return torch.from_numpy(np.stack(planes, 1))
