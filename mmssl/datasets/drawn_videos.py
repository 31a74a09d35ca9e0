# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What the data sets of videos made up on the spot share."""

import cv2
import numpy as np
from numpy import ndarray

from mmssl.datasets.small_images import check_split

SPLITS = ('train', 'test')


def split_rng(split: str, *numbers: int) -> np.random.Generator:
    """Where the random numbers of one video of a split come from.

    Args:
        split (str): 'train' or 'test'.
        *numbers (int): Which video, each >= 0.

    Raises:
        ValueError: The split is unknown.
    """
    check_split(split, SPLITS)
    key = np.random.SeedSequence((SPLITS.index(split), *numbers))
    return np.random.default_rng(key)


def texture(rng: np.random.Generator, size: int) -> ndarray:
    """Coloured noise of three scales, (size, size, 3) uint8."""
    noise = np.zeros((size, size, 3), np.float32)
    for cells, weight in ((4, 0.6), (16, 0.8), (48, 0.6)):
        coarse = rng.standard_normal((cells, cells, 3)).astype(np.float32)
        smooth = cv2.resize(
            coarse, (size, size), interpolation=cv2.INTER_CUBIC
        )
        noise += weight * smooth
    return np.clip(128 + 48 * noise, 0, 255).astype(np.uint8)


def drifting(picture: ndarray, steps: ndarray) -> ndarray:
    """A picture that moves, and enters again where it leaves.

    Args:
        picture (ndarray): (h, w, ...).
        steps (ndarray): (t, 2), pixels (y, x) that each frame adds; places
            are rounded to whole pixels, so that nothing blurs.

    Returns:
        ndarray: (t, h, w, ...), of the picture's type.
    """
    places = np.rint(steps.cumsum(0)).astype(int)
    return np.stack([np.roll(picture, place, (0, 1)) for place in places])
