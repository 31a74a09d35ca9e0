# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Regions for ORL: one and its moved copy, one and its like elsewhere.

Boxes are xywh, whole pixels.  Rules of https://github.com/Jiahao000/ORL,
``datasets/orl.py``.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mmssl.datasets.transforms.loading import (
    DataError,
    LoadImage,
    UnreadableImage,
)
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.datasets.transforms.views import RandomView
from mmssl.registry import TRANSFORMS
from mmssl.structures import pairwise_iou, xywh_to_xyxy

Box = tuple[int, int, int, int]


class PictureRegions(NamedTuple):
    """What is known of the regions of a picture.

    Attributes:
        boxes (ndarray): (b, 4).
        neighbours (Sequence[int]): k pictures that are like it.
        pairs_of (Callable): From a rank in [0, k) to (p, 8): a region here,
            its like in that neighbour.
        read (Callable): From the number of a picture to what
            ``ImageDataset.read`` gives.
    """

    boxes: np.ndarray
    neighbours: Sequence[int]
    pairs_of: Callable[[int], np.ndarray]
    read: Callable[[int], dict]


def jitter_region(
    box: Sequence[int],
    size: tuple[int, int],
    draws: np.ndarray,
    min_iou: float = 0.5,
) -> Box:
    r"""The first of several moved copies of a box that is acceptable.

    Area, ratio and centre change: :math:`w' = \sqrt{A a \rho}`,
    :math:`h' = \sqrt{A a / \rho}`, the centre moves by shares of w and h;
    corners and sides are rounded half to even.  Acceptable is what lies
    inside the picture and overlaps the box by more than ``min_iou``.

    Args:
        box (Sequence[int]): x, y, w, h.
        size (tuple[int, int]): (h, w) of the picture.
        draws (ndarray): (t, 4) of t tries: factor a of the area, logarithm
            of the ratio rho, shift of x and of y in sides of the box.
        min_iou (float): Intersection over union; below 0 for no such rule.

    Returns:
        tuple[int, int, int, int]: The box itself if no try is acceptable.
    """
    x, y, w, h = (int(value) for value in box)
    factor, log_ratio, shift_x, shift_y = np.asarray(draws, np.float64).T
    area, ratio = factor * (w * h), np.exp(log_ratio)
    widths = np.rint(np.sqrt(area * ratio))
    heights = np.rint(np.sqrt(area / ratio))
    lefts = np.rint(x + w / 2 + shift_x * w - widths / 2)
    tops = np.rint(y + h / 2 + shift_y * h - heights / 2)
    moved = np.stack([lefts, tops, widths, heights], axis=1)
    good = (lefts >= 0) & (tops >= 0) & (widths >= 1) & (heights >= 1)
    good &= (lefts + widths <= size[1]) & (tops + heights <= size[0])
    if min_iou >= 0:
        corners = xywh_to_xyxy(np.array([[x, y, w, h]]))
        good &= pairwise_iou(xywh_to_xyxy(moved), corners)[:, 0] > min_iou
    first = int(good.argmax())
    if not good[first]:
        return x, y, w, h
    return tuple(int(value) for value in moved[first])


@TRANSFORMS.register_module()
class MatchedRegions:
    """Append four views of regions, for ORL.

    Reads ``img``, ``regions`` (:class:`PictureRegions`), ``key`` and what
    ``MultiView`` wrote.  Draws evenly: a neighbour, a region of the
    picture, a pair of this neighbour.  Appends to ``views`` and
    ``geometry``: the region, its moved copy, the pair's region, its like in
    the neighbour.  Writes ``view_sources``: the number of the picture that
    each view shows.

    Args:
        views (Sequence[dict]): Two configs of ``RandomView``, for the first
            and the second of each two regions; their crop is the region.
        neighbours (int): How many of the stored neighbours are used.
        area (tuple[float, float]): Range of the moved copy's area factor.
        ratio (tuple[float, float]): Range of its width / height, relative
            to a square, drawn evenly in the logarithm.
        shift (float): Its centre moves by at most this share of a side.
        min_iou (float): Overlap that it must exceed.
        tries (int): After so many it is the region itself.

    Raises:
        ValueError: A setting outside its range.
        DataError: On use, fewer neighbours than asked for, or a box outside
            its picture.
    """

    def __init__(
        self,
        views: Sequence[dict],
        neighbours: int = 10,
        area: tuple[float, float] = (0.5, 2.0),
        ratio: tuple[float, float] = (0.5, 2.0),
        shift: float = 0.5,
        min_iou: float = 0.5,
        tries: int = 200,
    ) -> None:
        if len(views) != 2:
            raise ValueError(f'MatchedRegions needs 2 views, got {len(views)}')
        if neighbours < 1 or tries < 1 or shift < 0 or min_iou >= 1:
            raise ValueError(
                'MatchedRegions needs neighbours >= 1, tries >= 1, shift >= '
                f'0 and min_iou < 1, got {neighbours}, {tries}, {shift}, '
                f'{min_iou}'
            )
        for name, (low, high) in dict(area=area, ratio=ratio).items():
            if not 0 < low <= high:
                raise ValueError(
                    f'{name} must be (low, high) with 0 < low <= high, got '
                    f'({low}, {high})'
                )
        self.views = [RandomView(**dict(view)) for view in views]
        self.load = LoadImage()
        self.neighbours, self.tries = neighbours, tries
        self.min_iou = min_iou
        logs = np.log(ratio)
        self.low = np.array([area[0], logs[0], -shift, -shift])
        self.high = np.array([area[1], logs[1], shift, shift])

    def __call__(self, results: dict) -> dict:
        regions: PictureRegions = results.pop('regions')
        key = results.get('key') or random_key()
        count = len(results['views'])
        if len(regions.neighbours) < self.neighbours:
            raise DataError(
                f'neighbours={self.neighbours} of MatchedRegions, but the '
                f'pair file holds {len(regions.neighbours)} of each picture'
            )
        rng = view_rng(key, count)
        rank, neighbour, facts = self.read_neighbour(
            regions, int(rng.integers(self.neighbours))
        )
        here = regions.boxes[rng.integers(len(regions.boxes))]
        pairs = regions.pairs_of(rank)
        pair = pairs[rng.integers(len(pairs))]
        draws = rng.uniform(self.low, self.high, (self.tries, 4))

        own, other = results['sample_idx'], int(regions.neighbours[rank])
        img, path = results['img'], results.get('path', '')
        check_inside(here, img, path)
        moved = jitter_region(here, img.shape[:2], draws, self.min_iou)
        cuts = [
            (img, here, path, own),
            (img, moved, path, own),
            (img, pair[:4], path, own),
            (neighbour, pair[4:], facts['path'], other),
        ]
        sources = [own] * count
        for number, (picture, box, name, source) in enumerate(cuts):
            crop = check_inside(box, picture, name)
            view, geometry = self.views[number % 2](
                picture, view_rng(key, count + 1 + number), crop
            )
            results['views'].append(view)
            results['geometry'].append(geometry)
            sources.append(source)
        results['view_sources'] = sources
        return results

    def read_neighbour(
        self, regions: PictureRegions, rank: int
    ) -> tuple[int, np.ndarray, dict]:
        """The neighbour of a rank, or the next one that can be read.

        An unreadable one is reported and counted by the dataset when its own
        turn comes; the picture at hand is not to blame.

        Raises:
            UnreadableImage: None can be read.
        """
        for attempt in range(self.neighbours):
            place = (rank + attempt) % self.neighbours
            try:
                facts = regions.read(int(regions.neighbours[place]))
                return place, self.load(facts)['img'], facts
            except UnreadableImage:
                if attempt == self.neighbours - 1:
                    raise


def check_inside(box: Sequence[int], img: np.ndarray, name: str) -> Box:
    """The box as a tuple.

    Raises:
        DataError: It leaves the picture.
    """
    x, y, w, h = (int(value) for value in box)
    height, width = img.shape[:2]
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise DataError(
            f'the box x, y, w, h = {x}, {y}, {w}, {h} lies outside {name}, '
            f'which is {width} x {height}; the pair file was made for other '
            'pictures (of another size?)'
        )
    return x, y, w, h
