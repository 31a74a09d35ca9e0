# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The map from a picture to one of its views, recorded once.

Coordinates are pixel edges: a picture of width w spans [0, w] and its first
pixel spans [0, 1].  Boxes, grids and affines are derived from this record.
"""

from typing import NamedTuple

import numpy as np


class ViewGeometry(NamedTuple):
    """How a view was cut: crop, then resize, then perhaps a flip.

    Attributes:
        source_size (tuple[int, int]): (h, w) of the picture, pixels.
        crop (tuple[float, float, float, float]): (x, y, w, h) in the
            picture, pixels.
        size (tuple[int, int]): (h, w) of the view, pixels.
        flip (bool): Mirrored left to right after the crop.
    """

    source_size: tuple[int, int]
    crop: tuple[float, float, float, float]
    size: tuple[int, int]
    flip: bool = False

    def matrix(self) -> np.ndarray:
        """Affine map from picture to view.

        Returns:
            ndarray: (2, 3) float64 A with ``view_xy = A @ (x, y, 1)``; the
            crop maps to [0, w] x [0, h] of the view.
        """
        x, y, w, h = self.crop
        height, width = self.size
        scale_x, scale_y = width / w, height / h
        if self.flip:
            row = (-scale_x, 0.0, width + scale_x * x)
        else:
            row = (scale_x, 0.0, -scale_x * x)
        return np.array([row, (0.0, scale_y, -scale_y * y)])

    def inverse(self) -> np.ndarray:
        """Affine map from view to picture, (2, 3) float64."""
        matrix = self.matrix()
        scale = 1 / np.diagonal(matrix)
        return np.column_stack([np.diag(scale), -scale * matrix[:, 2]])

    def map_boxes(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the picture in coordinates of the view, not clipped.

        Args:
            boxes (ndarray): (r, 4) xyxy in the picture, pixels.

        Returns:
            ndarray: (r, 4) float64 xyxy in the view, x1 <= x2 even after a
            flip.
        """
        return _map_boxes(boxes, self.matrix())

    def unmap_boxes(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes of the view in coordinates of the picture; see map_boxes."""
        return _map_boxes(boxes, self.inverse())

    def then(self, inner: 'ViewGeometry') -> 'ViewGeometry':
        """The record of a view that was cut from this view.

        Args:
            inner (ViewGeometry): Its record, with this view as the picture.
        """
        x, y, w, h = inner.crop
        ((x1, y1, x2, y2),) = self.unmap_boxes([[x, y, x + w, y + h]])
        return ViewGeometry(
            self.source_size,
            (x1, y1, x2 - x1, y2 - y1),
            inner.size,
            self.flip != inner.flip,
        )


def _map_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    corners = np.asarray(boxes, dtype=np.float64).reshape(-1, 2, 2)
    corners = corners * np.diagonal(matrix) + matrix[:, 2]
    one, other = corners[:, 0], corners[:, 1]
    return np.concatenate(
        [np.minimum(one, other), np.maximum(one, other)], axis=1
    )


def overlap_box(
    a: ViewGeometry, b: ViewGeometry
) -> tuple[float, float, float, float] | None:
    """The part of the picture that both views show.

    Returns:
        tuple or None: xyxy in the picture, pixels; None if they share no
        area.
    """
    (ax, ay, aw, ah), (bx, by, bw, bh) = a.crop, b.crop
    x1, y1 = max(ax, bx), max(ay, by)
    x2, y2 = min(ax + aw, bx + bw), min(ay + ah, by + bh)
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def short_edge_size(size: tuple[int, int], short: int) -> tuple[int, int]:
    """(h, w) with the given short edge; the long one is cut to a whole."""
    height, width = size
    if height < width:
        return short, int(short * width / height)
    return int(short * height / width), short
