# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Regions of a picture that may hold an object, and which of them to keep.

Boxes are xywh, whole pixels.  Rules and numbers are those of ORL
(https://github.com/Jiahao000/ORL, ``correspondence.py``).
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torchvision.ops import nms

from mmssl.structures import xywh_to_xyxy
from mmssl.utils.errors import UsageError


def filter_proposals(
    boxes: np.ndarray,
    min_size: int = 96,
    max_ratio: float = 3.0,
    max_iou: float = 0.5,
    top_n: int = 100,
) -> np.ndarray:
    """Which proposals are kept: large, not too long, and not twice.

    Going through the list in its order, a box is kept if both sides reach
    ``min_size``, neither side is more than ``max_ratio`` times the other,
    and it overlaps none kept before by more than ``max_iou``.  If none is
    kept, the first of the list is, whatever its size.

    The walk is that of non-maximum suppression, with the place in the list
    as the score; torchvision's runs it in compiled code.

    Args:
        boxes (ndarray): (m, 4) xywh, at least one.
        min_size (int): Pixels; 0 switches the rule off.
        max_ratio (float): 0 switches the rule off.
        max_iou (float): Intersection over union; 0 switches the rule off.
        top_n (int): Boxes kept at most; 0 for all.

    Returns:
        ndarray: (b,) int64 places in the list, ascending, b >= 1.

    Raises:
        ValueError: There is no box.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    if len(boxes) == 0:
        raise ValueError(
            'there are no boxes to filter; take the whole picture instead'
        )
    w, h = boxes[:, 2], boxes[:, 3]
    fits = np.ones(len(boxes), bool)
    if min_size:  # column by column: a minimum along short rows is slow
        fits &= (w >= min_size) & (h >= min_size)
    if max_ratio:
        fits &= (w / h <= max_ratio) & (h / w <= max_ratio)
    places = np.flatnonzero(fits)
    if max_iou and len(places):
        corners = torch.from_numpy(xywh_to_xyxy(boxes[places]))
        order = torch.arange(len(places), 0, -1, dtype=torch.float64)
        places = places[nms(corners, order, max_iou).numpy()]
    places = places[:top_n] if top_n else places
    return places if len(places) else np.zeros(1, np.int64)


def kept_proposals(
    boxes: np.ndarray, size: tuple[int, int], **rules
) -> np.ndarray:
    """The boxes that :func:`filter_proposals` keeps of a picture.

    Args:
        boxes (ndarray): (m, 4) xywh.
        size (tuple[int, int]): (h, w) of the picture; without any proposal
            the whole picture is the only region.
        **rules: See :func:`filter_proposals`.

    Returns:
        ndarray: (b, 4) int16, b >= 1.
    """
    boxes = np.asarray(boxes).reshape(-1, 4)
    if len(boxes) == 0:
        boxes = np.array([[0, 0, size[1], size[0]]])
    return boxes[filter_proposals(boxes, **rules)].astype(np.int16)


def selective_search(img: np.ndarray) -> np.ndarray:
    """Selective search in its fast mode, by OpenCV's contributed module.

    OpenCV gives the same boxes in another order each time, since it shuffles
    them with the C library's ``rand()``; and the order decides what the
    filter keeps.  So they are sorted: larger ones first, then by x, y, w, h.

    Args:
        img (ndarray): (h, w, 3) uint8 RGB, full size.

    Returns:
        ndarray: (m, 4) int32 xywh.

    Raises:
        UsageError: OpenCV was built without its contributed modules.
    """
    if not hasattr(getattr(cv2, 'ximgproc', None), 'segmentation'):
        raise UsageError(
            'selective search needs the contributed modules of OpenCV, which '
            'this one lacks; replace its package by '
            "opencv-contrib-python-headless, or take proposals of kind 'grid'"
        )
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(cv2.cvtColor(img, cv2.COLOR_RGB2BGR))
    search.switchToSelectiveSearchFast()
    return sort_proposals(search.process())


def sort_proposals(boxes: np.ndarray) -> np.ndarray:
    """Larger boxes first, equal ones by x, y, w, h; (m, 4) int32."""
    boxes = np.asarray(boxes, np.int32).reshape(-1, 4)
    x, y, w, h = boxes.T
    return boxes[np.lexsort((h, w, y, x, -w.astype(np.int64) * h))]


def grid_proposals(
    img: np.ndarray, divisions: Sequence[int] = (1, 2, 3, 4)
) -> np.ndarray:
    """Boxes of a few sizes and shapes, evenly spread; nothing to install.

    For every pair (a, b) of the divisions the boxes have 1/a of the width
    and 1/b of the height, and follow each other at half of their size.

    Args:
        img (ndarray): (h, w, 3).
        divisions (Sequence[int]): Parts of a side, >= 1.

    Returns:
        ndarray: (m, 4) int32 xywh, sorted as by :func:`selective_search`.
    """
    height, width = img.shape[:2]
    boxes = []
    for columns in divisions:
        for rows in divisions:
            w, h = max(1, width // columns), max(1, height // rows)
            x = np.linspace(0, width - w, 2 * columns - 1).round()
            y = np.linspace(0, height - h, 2 * rows - 1).round()
            corners = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
            sides = np.broadcast_to([w, h], corners.shape)
            boxes.append(np.concatenate([corners, sides], axis=1))
    return sort_proposals(np.unique(np.concatenate(boxes), axis=0))


PROPOSERS = dict(selective_search=selective_search, grid=grid_proposals)
