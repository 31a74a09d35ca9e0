# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Boxes that show the same part of a picture in both of its views.

The rules are those of SCRL (https://arxiv.org/abs/2103.06122) as the code at
https://github.com/kakaobrain/scrl has them.  Boxes are drawn on whole pixels
of the views' overlap, at the scale of the view that shows it smaller, and
mapped by the views' geometry.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.registry import TRANSFORMS
from mmssl.structures import (
    ViewGeometry,
    clip_boxes,
    jitter_boxes,
    overlap_box,
    pairwise_iou,
)

NUMBERS = 12
"""Uniform numbers of a candidate: 8 for the box, 4 for its jitter."""


class Overlap(NamedTuple):
    """What two views share, large enough for boxes; all in (x, y) order.

    Attributes:
        corner (tuple[float, float]): Upper left, pixels of the picture.
        scale (tuple[float, float]): Pixels of the coarser view a pixel of
            the picture, on each axis.
        size (tuple[int, int]): Pixels of the coarser view.
    """

    corner: tuple[float, float]
    scale: tuple[float, float]
    size: tuple[int, int]


def find_overlap(
    a: ViewGeometry, b: ViewGeometry, min_size: int
) -> Overlap | None:
    """The views' overlap; None if it is not larger than a smallest box.

    Sides are rounded half to even, as published; that decides at the edge.
    """
    box = overlap_box(a, b)
    if box is None:
        return None
    x1, y1, x2, y2 = box
    scale = (
        min(a.size[1] / a.crop[2], b.size[1] / b.crop[2]),
        min(a.size[0] / a.crop[3], b.size[0] / b.crop[3]),
    )
    size = round((x2 - x1) * scale[0]), round((y2 - y1) * scale[1])
    return Overlap((x1, y1), scale, size) if min(size) > min_size else None


def draw_places(
    numbers: np.ndarray, size: tuple[int, int], min_size: int, grid: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Random boxes inside the overlap, on whole pixels.

    With a grid, first the number of its columns and rows is drawn, so that
    no cell is smaller than a smallest box; then a cell, and a box inside.
    Small boxes are so far likelier than by drawing the sides directly.

    Args:
        numbers (ndarray): (m, 4, 2) uniform in [0, 1); without grid the
            first two of four are used.
        size (tuple[int, int]): (w, h) of the overlap.
        min_size (int): Smallest side.
        grid (bool): Whether to draw a grid first.

    Returns:
        tuple[ndarray, ndarray]: Upper left corners and sides, (m, 2) each.
    """
    size = np.array(size, float)
    if not grid:
        sides = _integers(numbers[:, 0], min_size, size)
        return _integers(numbers[:, 1], 0, size - sides), sides
    count = _integers(numbers[:, 0], 1, size // min_size + 1)
    cell = size / count
    chosen = _integers(numbers[:, 1], 0, count)
    room = np.floor(cell) + 1  # the whole part of what the authors' code has
    sides = _integers(numbers[:, 2], min_size, room)
    corners = _integers(numbers[:, 3], 0, room - sides)
    return corners + np.floor(chosen * cell), sides


def _integers(numbers: np.ndarray, low: int, high: np.ndarray) -> np.ndarray:
    """Whole numbers in [low, high) from uniform ones."""
    return np.floor(low + numbers * (high - low))


def choose_boxes(
    boxes: np.ndarray,
    clipped: np.ndarray,
    num_boxes: int,
    iou_thr: float,
    max_tries: int,
    taken: int = 0,
    tries: int = 0,
) -> tuple[list[int], int]:
    """Take candidates in order, unless they cover one taken before.

    After ``max_tries`` candidates for one place the last is taken whatever
    it covers: the authors' code does so, though they once said it stops.

    Args:
        boxes (ndarray): (m, 4) candidates.
        clipped (ndarray): (m, 4) what is kept of a candidate once taken.
        num_boxes (int): How many to take.
        iou_thr (float): Overlap with a taken box from which a candidate is
            refused; 1 refuses none.
        max_tries (int): Candidates for one place.
        taken (int): So many of the first rows are taken already.
        tries (int): Candidates refused since the last of them.

    Returns:
        tuple[list[int], int]: Indices of the taken, fewer than
        ``num_boxes`` if m is too small; candidates refused since the last.
    """
    if iou_thr == 1:
        return list(range(min(num_boxes, len(boxes)))), 0
    covers = (pairwise_iou(boxes, clipped) >= iou_thr).tolist()
    indices = list(range(taken))
    for number in range(taken, len(boxes)):
        row = covers[number]
        tries += 1
        if tries == max_tries or not any(row[i] for i in indices):
            indices.append(number)
            tries = 0
            if len(indices) == num_boxes:
                break
    return indices, tries


def matched_boxes(
    a: ViewGeometry,
    b: ViewGeometry,
    draw: Callable[[int], np.ndarray],
    min_size: int = 32,
    num_boxes: int = 10,
    iou_thr: float = 0.5,
    grid: bool = True,
    jitter: float = 0.0,
    max_tries: int = 50,
) -> np.ndarray:
    """Draw boxes in the overlap of two views.

    Args:
        a (ViewGeometry): First view; overlap of boxes is measured here.
        b (ViewGeometry): Second view of the same picture.
        draw (Callable): ``draw(m)`` gives (m, 12) further uniform numbers,
            a row for each candidate.
        min_size (int): Smallest side, pixels of the coarser view.
        num_boxes (int): Boxes of a pair whose overlap is large enough.
        iou_thr (float): See :func:`choose_boxes`.
        grid (bool): See :func:`draw_places`.
        jitter (float): Corner and sides of the second view's box move by up
            to this share of the sides.
        max_tries (int): See :func:`choose_boxes`.

    Returns:
        ndarray: (2, r, 4) float32 xyxy in each view, clipped to it; r is
        num_boxes, or 0 if the overlap is too small.
    """
    overlap = find_overlap(a, b, min_size)
    if overlap is None:
        return np.zeros((2, 0, 4), np.float32)
    numbers = np.zeros((0, NUMBERS))
    taken, tries = [], 0
    # 10 boxes need 12 candidates in the mean, so one round is mostly enough.
    while len(taken) < num_boxes:
        numbers = np.concatenate([numbers[taken], draw(2 * num_boxes)])
        corners, sides = draw_places(
            numbers[:, :8].reshape(-1, 4, 2), overlap.size, min_size, grid
        )
        ends = np.concatenate([corners, corners + sides], axis=1)
        source = ends / (overlap.scale * 2) + overlap.corner * 2
        first = a.map_boxes(source)
        clipped = clip_boxes(first, a.size)
        taken, tries = choose_boxes(
            first, clipped, num_boxes, iou_thr, max_tries, len(taken), tries
        )
    second = b.map_boxes(source[taken])
    if jitter:
        factors = 1 - jitter + 2 * jitter * numbers[taken, 8:]
        second = jitter_boxes(second, factors)
    pair = [clipped[taken], clip_boxes(second, b.size)]
    return np.stack(pair).astype(np.float32)


@TRANSFORMS.register_module()
class MatchedBoxes:
    """Draw boxes that both views of a picture show, for SCRL.

    Reads ``geometry`` (two records, as ``MultiView`` writes them) and
    ``key``; writes ``boxes``: (2, r, 4) float32, see :func:`matched_boxes`.
    To come with the sample, ``PackViews`` needs ``keys=['boxes']``.

    Args:
        min_size (int): Smallest side, pixels of the coarser view; published
            32, one cell of the last map of a ResNet.
        num_boxes (int): Boxes of a pair; pairs whose overlap is too small
            get none.
        iou_thr (float): Candidates with this overlap with a box taken
            before are refused, in (0, 1]; 1 refuses none.
        grid (bool): Draw a cell of a random grid first (published).
        jitter (float): Share of its sides by which the second view's box is
            moved, in [0, 1); published 0.
        max_tries (int): Candidates for one box, the last of which is taken
            in any case.

    Raises:
        ValueError: A setting outside its range; on use, a sample without
            exactly two views, or with views that are not larger than
            ``min_size``.
    """

    def __init__(
        self,
        min_size: int = 32,
        num_boxes: int = 10,
        iou_thr: float = 0.5,
        grid: bool = True,
        jitter: float = 0.0,
        max_tries: int = 50,
    ) -> None:
        counts = dict(
            min_size=min_size, num_boxes=num_boxes, max_tries=max_tries
        )
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f'{name} must be >= 1, got {value}')
        if not 0 < iou_thr <= 1:
            raise ValueError(f'iou_thr must be in (0, 1], got {iou_thr}')
        if not 0 <= jitter < 1:
            raise ValueError(f'jitter must be in [0, 1), got {jitter}')
        self.settings = dict(counts, iou_thr=iou_thr, grid=grid, jitter=jitter)

    def __call__(self, results: dict) -> dict:
        views = results.get('geometry', ())
        if len(views) != 2:
            raise ValueError(
                'MatchedBoxes needs the geometry of exactly 2 views, got '
                f'{len(views)}; put it behind a MultiView with 2 views in '
                'the pipeline'
            )
        smallest = min(min(view.size) for view in views)
        if self.settings['min_size'] >= smallest:
            raise ValueError(
                f'min_size={self.settings["min_size"]} leaves no room for '
                f'boxes in views of {smallest} pixels; lower min_size of '
                'MatchedBoxes, or enlarge the views'
            )
        # A generator of its own: the views' random numbers stay theirs.
        rng = view_rng(results.get('key') or random_key(), len(views))
        results['boxes'] = matched_boxes(
            *views, lambda m: rng.random((m, NUMBERS)), **self.settings
        )
        return results
