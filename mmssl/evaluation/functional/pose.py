# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Joints as label maps, and how many are found: PCK on JHMDB.

The protocol of CRW (https://arxiv.org/abs/2006.14613), whose code these
equal, odd corners included.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

SIGMA = 0.5  # of a joint's blob, in cells
BEST = 3  # cells that say where a joint is
BOX_SHARE = 0.6  # of the diagonal of the box around the joints
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)


def joint_map(point: Sequence[float], size: tuple[int, int]) -> Tensor:
    """A small Gaussian at a joint, zero elsewhere.

    As published it is a piece of 4 x 4 samples whose corner is cut to a
    whole number towards zero, so near the left and upper border it is
    smaller and lies one cell further inside.

    Args:
        point (Sequence[float]): x and y, in cells.
        size (tuple[int, int]): h and w of the map.

    Returns:
        Tensor: (h, w) float64 in [0, 1].
    """
    side = int(6 * SIGMA + 1)
    squares = (torch.arange(side, dtype=torch.float64) - side // 2) ** 2
    blob = torch.exp(-(squares[:, None] + squares) / (2 * SIGMA**2))
    found = torch.zeros(size, dtype=torch.float64)
    first = [int(place - 3 * SIGMA) for place in point]
    stop = [int(place + 3 * SIGMA + 1) for place in point]
    limits = size[::-1]
    if (
        any(a >= n for a, n in zip(first, limits, strict=True))
        or min(stop) < 0
    ):
        return found
    (x, cut_x), (y, cut_y) = (
        (
            slice(max(0, a), min(b, n)),
            slice(max(0, -a), min(b, n) - a),
        )
        for a, b, n in zip(first, stop, limits, strict=True)
    )
    found[y, x] = blob[cut_y, cut_x]
    return found


def pose_labels(joints: ndarray, size: tuple[int, int]) -> Tensor:
    """Label maps of all joints, with one of the background in front.

    Args:
        joints (ndarray): (2, j), x and y in cells.
        size (tuple[int, int]): h and w of the map.

    Returns:
        Tensor: (h, w, 1 + j) float64; the background is 1 where no joint is.
    """
    maps = torch.stack([joint_map(point, size) for point in joints.T], -1)
    background = (maps == 0).all(-1, keepdim=True).to(maps)
    return torch.cat([background, maps], -1)


def decode_pose(labels: Tensor) -> Tensor:
    """Where the joints are: the weighted mean of their three best cells.

    Args:
        labels (Tensor): (h, w, 1 + j) soft maps, background first.

    Returns:
        Tensor: (2, j), x and y in cells; -1 where a map is empty.
    """
    width = labels.shape[1]
    joints = labels[..., 1:].flatten(0, 1)  # (h w, j)
    weights, cells = joints.topk(min(BEST, len(joints)), 0)
    total = weights.sum(0)
    weights = weights / total.where(total > 0, 1)
    y, x = cells.div(width, rounding_mode='floor'), cells % width
    found = torch.stack([(weights * x).sum(0), (weights * y).sum(0)])
    return found.masked_fill(joints.sum(0) == 0, -1)


def joint_distances(
    gt: ndarray, pred: ndarray, count_lost_as_wrong: bool = False
) -> ndarray:
    """Distances of one clip's joints, in shares of the body's size.

    The body's size in a frame is 0.6 times the diagonal of the box around
    the annotated joints that were not lost.

    Args:
        gt (ndarray): (2, j, t), pixels.
        pred (ndarray): (2, j, t), pixels; an x below 0 is a lost joint.
        count_lost_as_wrong (bool): Lost joints are infinitely far away;
            otherwise they do not count, as published.

    Returns:
        ndarray: (j, t - 1), without the first frame; NaN does not count.

    Raises:
        ValueError: Shapes differ.
    """
    if gt.shape != pred.shape or gt.ndim != 3 or len(gt) != 2:
        raise ValueError(
            'annotated and found joints must be (2, j, t) alike, got '
            f'{gt.shape} and {pred.shape}'
        )
    gt, pred = gt[..., 1:].astype(float), pred[..., 1:].astype(float)
    seen = pred[0] >= 0
    low = np.where(seen, gt, np.inf).min(1)
    high = np.where(seen, gt, -np.inf).max(1)
    with np.errstate(invalid='ignore', divide='ignore'):
        scale = BOX_SHARE * np.linalg.norm(high - low, axis=0)
        distances = np.linalg.norm(gt - pred, axis=0) / scale
    lost = np.inf if count_lost_as_wrong else np.nan
    return np.where(seen, distances, lost)


def pck(
    distances: Sequence[ndarray], thresholds: Sequence[float] = THRESHOLDS
) -> ndarray:
    """Percentage of correct keypoints, over all clips and frames.

    Args:
        distances (Sequence[ndarray]): Of :func:`joint_distances`.
        thresholds (Sequence[float]): Largest distances that are correct.

    Returns:
        ndarray: (thresholds, j + 1) in [0, 100]: each joint, then their
        mean; NaN for a joint that never counts.

    Raises:
        ValueError: No clips.
    """
    if not len(distances):
        raise ValueError('PCK needs at least one clip')
    joined = np.concatenate(list(distances), 1)
    counted = (~np.isnan(joined)).sum(1)
    hits = np.array([(joined <= limit).sum(1) for limit in thresholds])
    with np.errstate(invalid='ignore'):
        found = 100 * hits / counted
    return np.column_stack([found, found.mean(1)])
