# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Object masks drawn over the frames that they belong to."""

import cv2
import numpy as np
from numpy import ndarray

from mmssl.utils.id_maps import object_palette


def overlay_masks(frame: ndarray, ids: ndarray, opacity: float = 0.5):
    """Tint each object in its colour of DAVIS's palette, with its outline.

    Args:
        frame (ndarray): (h, w, 3) uint8 RGB.
        ids (ndarray): (h, w) uint8 object numbers; 0 is not tinted.
        opacity (float): Of the tint, in [0, 1].

    Returns:
        ndarray: (h, w, 3) uint8.

    Raises:
        ValueError: Sizes differ.
    """
    if frame.shape[:2] != ids.shape:
        raise ValueError(
            f'the mask has height x width {ids.shape[0]} x {ids.shape[1]}, '
            f'the frame {frame.shape[0]} x {frame.shape[1]}'
        )
    colours = object_palette()[ids].astype(np.float32)
    tinted = (1 - opacity) * frame + opacity * colours
    # Of each object inside its border: where a neighbour has another number.
    kernel = np.ones((3, 3), np.uint8)
    border = (cv2.dilate(ids, kernel) != cv2.erode(ids, kernel)) & (ids > 0)
    inside = (ids > 0)[..., None]
    drawn = np.where(inside, tinted, frame)
    drawn[border] = 255
    return np.rint(drawn).astype(np.uint8)
