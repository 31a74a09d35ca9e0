# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pixel operations of a view on arrays, made to equal Pillow's.

All take and return (h, w, 3) uint8 RGB and leave their input unchanged.
The formulas are Pillow's (which torchvision calls on PIL images), including
its truncation; what differs is said at each operation, and measured by
``benchmarks/augmentation.py``.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch.nn.functional import interpolate

SMALL = 40
"""Up to this many pixels a side, two matrix products beat torch's set-up."""

TRUNCATE = 0.4999
"""OpenCV rounds where Pillow truncates; this much less makes them equal."""


def begin(img: np.ndarray) -> np.ndarray:
    """From an array to what the operations work on."""
    return img


def finish(img: np.ndarray) -> np.ndarray:
    """Back to a contiguous array."""
    return np.ascontiguousarray(img)


def size(img: np.ndarray) -> tuple[int, int]:
    """(h, w)."""
    return img.shape[:2]


def crop(img: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Cut out (x, y, w, h); a view, no copy."""
    x, y, w, h = box
    return img[y : y + h, x : x + w]


def resize(
    img: np.ndarray,
    size: tuple[int, int],
    interpolation: str,
    antialias: bool = True,
) -> np.ndarray:
    """Resize to (h, w), antialiased as Pillow does.

    OpenCV's own resize either aliases (linear, cubic) or averages a box
    (area), and its cubic kernel has another sharpness, so torch's port of
    Pillow's resampling does the work.  At most one grey level apart, where
    bicubic overshoots a few.

    Args:
        img (ndarray): (h, w, 3) uint8.
        size (tuple[int, int]): (h, w).
        interpolation (str): ``'bilinear'`` or ``'bicubic'``.
        antialias (bool): False interpolates between the nearest pixels
            also where it shrinks.
    """
    if img.shape[:2] == size:
        return img
    if antialias and max(*size, *img.shape[:2]) <= SMALL:
        return _resize_small(img, size, interpolation)
    # The batch axis first: torch then keeps the channels last, and the result
    # is contiguous, without which every later call of OpenCV copies it.
    pixels = torch.from_numpy(img)[None].permute(0, 3, 1, 2)
    resized = interpolate(
        pixels, size, mode=interpolation, antialias=antialias
    )
    return resized[0].permute(1, 2, 0).numpy()


def _resize_small(
    img: np.ndarray, size: tuple[int, int], interpolation: str
) -> np.ndarray:
    (h, w), (height, width) = img.shape[:2], size
    rows = resize_weights(h, height, interpolation)
    columns = _interleaved_weights(w, width, interpolation)
    pixels = rows @ img.reshape(h, 3 * w).astype(np.float32) @ columns
    # With a dtype, OpenCV's addition rounds and saturates in one pass.
    rounded = cv2.add(pixels, 0.0, dtype=cv2.CV_8U)
    return rounded.reshape(height, width, 3)


@lru_cache(maxsize=4 * SMALL**2)
def _interleaved_weights(
    length: int, size: int, interpolation: str
) -> np.ndarray:
    """(3 length, 3 size): the same weights for r, g and b of a row."""
    weights = resize_weights(length, size, interpolation).T
    return np.kron(weights, np.eye(3, dtype=np.float32))


@lru_cache(maxsize=4 * SMALL**2)
def resize_weights(length: int, size: int, interpolation: str) -> np.ndarray:
    """Pillow's resampling of one axis as a matrix.

    Args:
        length (int): Pixels before.
        size (int): Pixels after.
        interpolation (str): ``'bilinear'`` (triangle) or ``'bicubic'``
            (a = -1/2); both are stretched when shrinking.

    Returns:
        ndarray: (size, length) float32, rows sum to 1.
    """
    kernel, radius = _KERNELS[interpolation]
    scale = length / size
    stretch = max(scale, 1.0)
    centres = (np.arange(size)[:, None] + 0.5) * scale
    pixels = np.arange(length)[None]
    first = np.floor(np.maximum(centres - radius * stretch + 0.5, 0))
    last = np.floor(np.minimum(centres + radius * stretch + 0.5, length))
    weights = kernel(np.abs(pixels + 0.5 - centres) / stretch)
    weights *= (pixels >= first) & (pixels < last)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - x, 0)


def _cubic(x: np.ndarray) -> np.ndarray:
    near = (1.5 * x - 2.5) * x * x + 1
    far = -0.5 * (((x - 5) * x + 8) * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0))


_KERNELS = dict(bilinear=(_triangle, 1.0), bicubic=(_cubic, 2.0))


def flip(img: np.ndarray) -> np.ndarray:
    """Mirror left to right."""
    return cv2.flip(img, 1)


def brightness(img: np.ndarray, factor: float) -> np.ndarray:
    """factor * x, cut to 0..255 and to whole numbers."""
    return _blend_with_constant(img, 0.0, factor)


def contrast(img: np.ndarray, factor: float) -> np.ndarray:
    """m + factor * (x - m), m the rounded mean of the picture's grey."""
    mean = int(cv2.mean(_luma(img))[0] + 0.5)
    return _blend_with_constant(img, mean, factor)


def _blend_with_constant(
    img: np.ndarray, constant: float, factor: float
) -> np.ndarray:
    offset = (1 - factor) * constant - TRUNCATE
    return cv2.addWeighted(img, factor, img, 0, offset)


def saturation(img: np.ndarray, factor: float) -> np.ndarray:
    """g + factor * (x - g), g the pixel's grey; at most one level apart."""
    return cv2.addWeighted(img, factor, gray(img), 1 - factor, -TRUNCATE)


def hue(img: np.ndarray, shift: float) -> np.ndarray:
    """Turn the hue by ``shift`` of the circle, in 256 steps.

    Pillow goes through HSV in bytes, so does this; roundings differ, by a
    quarter of a level in the mean, at most by a dozen.
    """
    hsv = cv2.cvtColor(img, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL, dst=hsv)


def gray(img: np.ndarray) -> np.ndarray:
    """0.299 r + 0.587 g + 0.114 b in all three channels."""
    return cv2.cvtColor(_luma(img), cv2.COLOR_GRAY2RGB)


def _luma(img: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)


def blur(img: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian of standard deviation ``sigma`` pixels, edges repeated.

    As in Pillow, three boxes with softened ends approximate it; a quarter of
    a level apart in the mean, at most four levels.
    """
    kernel = box_kernel(sigma)
    for _ in range(3):
        img = cv2.sepFilter2D(
            img, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE
        )
    return img


def box_kernel(sigma: float) -> np.ndarray:
    """One of three equal boxes that together spread by ``sigma``.

    Gwosdek et al., "Theoretical foundations of Gaussian convolution by
    extended box filtering" (SSVM 2011), eq. 7, 11 and 14.

    Args:
        sigma (float): Standard deviation of the three, pixels, > 0.

    Returns:
        ndarray: (2 r + 3,) float32, sums to 1; whole 256ths, to which OpenCV
        would round by itself, but then the sum would be off.
    """
    variance = sigma * sigma / 3
    r = int((math.sqrt(12 * variance + 1) - 1) / 2)
    end = (2 * r + 1) * (r * (r + 1) - 3 * variance)
    end /= 6 * (variance - (r + 1) ** 2)
    weights = [end] + [1.0] * (2 * r + 1) + [end]
    parts = [round(256 * weight / sum(weights)) for weight in weights]
    parts[r + 1] += 256 - sum(parts)
    return np.array(parts, np.float32) / 256


def solarize(img: np.ndarray) -> np.ndarray:
    """255 - x where x >= 128, that is where it is the smaller one."""
    return cv2.min(img, cv2.bitwise_not(img))
