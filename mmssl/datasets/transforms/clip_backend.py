# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pixel operations of a view on whole clips, one set of numbers a clip.

All take and return (t, h, w, 3) uint8 RGB.  Colours work on the clip as one
tall picture, frame upon frame: one call for all frames, and contrast turns
around the mean of the whole clip, as in
https://github.com/facebookresearch/SlowFast.  The blur works frame by frame:
there it leaks over the seams of the tall picture, which is dropped.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import interpolate

from mmssl.datasets.transforms import opencv_backend as pictures

begin, finish = pictures.begin, pictures.finish


def size(clip: np.ndarray) -> tuple[int, int]:
    """(h, w)."""
    return clip.shape[1:3]


def crop(clip: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Cut (x, y, w, h) out of every frame; a view, no copy."""
    x, y, w, h = box
    return clip[:, y : y + h, x : x + w]


def resize(
    clip: np.ndarray,
    size: tuple[int, int],
    interpolation: str,
    antialias: bool = True,
) -> np.ndarray:
    """Resize every frame to (h, w), all in one call.

    Args:
        clip (ndarray): (t, h, w, 3), uint8 or float32.
        size (tuple[int, int]): (h, w).
        interpolation (str): ``'bilinear'`` or ``'bicubic'``.
        antialias (bool): Average what is shrunk, as Pillow does.
    """
    if clip.shape[1:3] == size:
        return clip
    frames = torch.from_numpy(clip).permute(0, 3, 1, 2)
    frames = interpolate(frames, size, mode=interpolation, antialias=antialias)
    return frames.permute(0, 2, 3, 1).numpy()


def flip(clip: np.ndarray) -> np.ndarray:
    """Mirror every frame left to right; a view, no copy."""
    return clip[:, :, ::-1]


def _as_tall_picture(operation: Callable) -> Callable:
    def on_clip(clip: np.ndarray, *args) -> np.ndarray:
        tall = np.ascontiguousarray(clip).reshape(-1, *clip.shape[2:])
        return operation(tall, *args).reshape(clip.shape)

    on_clip.__name__ = operation.__name__
    on_clip.__doc__ = operation.__doc__
    return on_clip


brightness = _as_tall_picture(pictures.brightness)
contrast = _as_tall_picture(pictures.contrast)
saturation = _as_tall_picture(pictures.saturation)
hue = _as_tall_picture(pictures.hue)
gray = _as_tall_picture(pictures.gray)
solarize = _as_tall_picture(pictures.solarize)


def blur(clip: np.ndarray, sigma: float) -> np.ndarray:
    """Every frame by the same Gaussian; see the blur of pictures."""
    return np.stack([pictures.blur(frame, sigma) for frame in clip])
