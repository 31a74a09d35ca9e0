# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Boxes that show the same part of a picture in both of its views.

The rules are those of SCRL (https://arxiv.org/abs/2103.06122) as the code at
https://github.com/kakaobrain/scrl has them.  Boxes are drawn on whole pixels
of the views' overlap, at the scale of the view that shows it smaller, and
mapped by the views' geometry.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mmssl.registry import TRANSFORMS
from mmssl.structures import ViewGeometry, jitter_boxes, overlap_box

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


def draw_place(
    numbers: Sequence[float], size: tuple[int, int], min_size: int, grid: bool
) -> tuple[int, int, int, int]:
    """A random box inside the overlap, on whole pixels.

    With a grid, first the number of its columns and rows is drawn, so that
    no cell is smaller than a smallest box; then a cell, and a box inside.
    Small boxes are so far likelier than by drawing the sides directly.

    Args:
        numbers (Sequence[float]): Eight uniform ones in [0, 1), for x and y
            in turn; without grid the first four are used.
        size (tuple[int, int]): (w, h) of the overlap.
        min_size (int): Smallest side.
        grid (bool): Whether to draw a grid first.

    Returns:
        tuple[int, int, int, int]: Left, upper, right and lower edge.
    """
    w, h = size
    if not grid:
        bw = _integer(numbers[0], min_size, w)
        bh = _integer(numbers[1], min_size, h)
        x = _integer(numbers[2], 0, w - bw)
        y = _integer(numbers[3], 0, h - bh)
        return x, y, x + bw, y + bh
    cell_w = w / (columns := _integer(numbers[0], 1, w // min_size + 1))
    cell_h = h / (rows := _integer(numbers[1], 1, h // min_size + 1))
    x = int(_integer(numbers[2], 0, columns) * cell_w)
    y = int(_integer(numbers[3], 0, rows) * cell_h)
    # The whole part of what the authors' code has.
    room_w, room_h = int(cell_w) + 1, int(cell_h) + 1
    bw = _integer(numbers[4], min_size, room_w)
    bh = _integer(numbers[5], min_size, room_h)
    x += _integer(numbers[6], 0, room_w - bw)
    y += _integer(numbers[7], 0, room_h - bh)
    return x, y, x + bw, y + bh


def _integer(number: float, low: int, high: int) -> int:
    """A whole number in [low, high) from a uniform one."""
    return int(low + number * (high - low))


def covers(
    box: Sequence[float], taken: Sequence[Sequence[float]], iou_thr: float
) -> bool:
    """Whether a box overlaps one of the others by ``iou_thr`` or more."""
    x1, y1, x2, y2 = box
    area = (x2 - x1) * (y2 - y1)
    for a1, b1, a2, b2 in taken:
        width = (x2 if x2 < a2 else a2) - (x1 if x1 > a1 else a1)
        height = (y2 if y2 < b2 else b2) - (y1 if y1 > b1 else b1)
        if width > 0 and height > 0:
            shared = width * height
            total = area + (a2 - a1) * (b2 - b1) - shared
            if shared / total >= iou_thr:
                return True
    return False


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

    Candidates are taken in order, unless they cover one taken before; after
    ``max_tries`` for one place the last is taken whatever it covers (the
    authors' code does so, though they once said it stops).  Ten boxes need
    twelve candidates in the mean: plain Python is faster than arrays here.

    Args:
        a (ViewGeometry): First view; overlap of boxes is measured here.
        b (ViewGeometry): Second view of the same picture.
        draw (Callable): ``draw(m)`` gives (m, 12) further uniform numbers,
            a row for each candidate.
        min_size (int): Smallest side, pixels of the coarser view.
        num_boxes (int): Boxes of a pair whose overlap is large enough.
        iou_thr (float): Overlap with a taken box from which a candidate is
            refused; 1 refuses none.
        grid (bool): See :func:`draw_place`.
        jitter (float): Corner and sides of the second view's box move by up
            to this share of the sides.
        max_tries (int): Candidates for one place.

    Returns:
        ndarray: (2, r, 4) float32 xyxy in each view, clipped to it; r is
        num_boxes, or 0 if the overlap is too small.
    """
    overlap = find_overlap(a, b, min_size)
    if overlap is None:
        return np.zeros((2, 0, 4), np.float32)
    first, second = (_AxisMaps.of(view, overlap) for view in (a, b))
    taken, others, tries = [], [], 0
    numbers = iter(())
    while len(taken) < num_boxes:
        row = next(numbers, None)
        if row is None:
            numbers = iter(draw(2 * num_boxes).tolist())
            row = next(numbers)
        place = draw_place(row, overlap.size, min_size, grid)
        box = first.box(place)
        tries += 1
        if iou_thr < 1 and tries < max_tries and covers(box, taken, iou_thr):
            continue
        tries = 0
        taken.append(first.clip(box))
        box = second.box(place)
        if jitter:
            factors = 1 - jitter + 2 * jitter * np.array([row[8:]])
            box = jitter_boxes(np.array([box]), factors)[0].tolist()
        others.append(second.clip(box))
    return np.array([taken, others], np.float32)


class _AxisMaps(NamedTuple):
    """From pixels of the overlap to a view, on each axis: a line."""

    x: tuple[float, float]
    y: tuple[float, float]
    flip: bool
    size: tuple[int, int]

    @classmethod
    def of(cls, view: ViewGeometry, overlap: Overlap) -> '_AxisMaps':
        left, top, w, h = view.crop
        height, width = view.size
        (x, y), (sx, sy) = overlap.corner, overlap.scale
        return cls(
            (width / w / sx, (x - left) * (width / w)),
            (height / h / sy, (y - top) * (height / h)),
            view.flip,
            view.size,
        )

    def box(self, place: tuple[int, int, int, int]) -> list[float]:
        """xyxy of a box of the overlap, not clipped."""
        (scale, shift), (x1, y1, x2, y2) = self.x, place
        x1, x2 = x1 * scale + shift, x2 * scale + shift
        if self.flip:
            x1, x2 = self.size[1] - x2, self.size[1] - x1
        scale, shift = self.y
        return [x1, y1 * scale + shift, x2, y2 * scale + shift]

    def clip(self, box: Sequence[float]) -> list[float]:
        """The part of a box that lies in the view."""
        height, width = self.size
        x1, y1, x2, y2 = box
        return [
            x1 if x1 > 0 else 0.0,
            y1 if y1 > 0 else 0.0,
            x2 if x2 < width else width,
            y2 if y2 < height else height,
        ]


@TRANSFORMS.register_module()
class MatchedBoxes:
    """Draw boxes that both views of a picture show, for SCRL.

    Reads ``geometry`` (two records) and ``rng``, as ``MultiView`` writes
    them; writes ``boxes``: (2, r, 4) float32, see :func:`matched_boxes`.
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
        rng = results['rng']  # the views have theirs already
        results['boxes'] = matched_boxes(
            *views, lambda m: rng.random((m, NUMBERS)), **self.settings
        )
        return results
