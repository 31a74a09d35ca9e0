# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Rows of boxes in pixels: xyxy, where a name does not say xywh."""

import numpy as np

TINY = np.finfo(np.float64).tiny


def clip_boxes(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut boxes at the border of a picture that they lie in at least partly.

    Args:
        boxes (ndarray): (m, 4).
        size (tuple[int, int]): (h, w) of the picture.
    """
    lower = np.maximum(boxes[:, :2], 0.0)
    upper = np.minimum(boxes[:, 2:], size[::-1])
    return np.concatenate([lower, upper], axis=1)


def xywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    """Corner and sides (m, 4) to two corners, (m, 4) float64."""
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def pairwise_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every box with every other.

    Args:
        a (ndarray): (m, 4).
        b (ndarray): (n, 4).

    Returns:
        ndarray: (m, n) in [0, 1]; boxes without area give 0.
    """
    ax1, ay1, ax2, ay2 = a.T[..., None]
    bx1, by1, bx2, by2 = b.T
    width = np.minimum(ax2, bx2) - np.maximum(ax1, bx1)
    height = np.minimum(ay2, by2) - np.maximum(ay1, by1)
    shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    total = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1)
    return shared / np.maximum(total - shared, TINY)


def jitter_boxes(boxes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Move the corner of each box, then change its sides.

    Args:
        boxes (ndarray): (m, 4).
        factors (ndarray): (m, 4) around 1: shift of x1 and y1, as one plus
            a share of the side, then the scale of width and height.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    corner = boxes[:, :2] + sides * (factors[:, :2] - 1)
    return np.concatenate([corner, corner + sides * factors[:, 2:]], axis=1)
