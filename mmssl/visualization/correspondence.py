# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Regions of two pictures that features find alike, side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmssl.visualization.style import (
    INK,
    MUTED,
    PAPER,
    bare,
    colour,
    new_figure,
)


class Correspondence(NamedTuple):
    """Two pictures and the pairs between them.

    Attributes:
        query (ndarray): (h, w, 3) uint8 RGB.
        key (ndarray): (h, w, 3) uint8 RGB.
        pairs (ndarray): (p, 8): xywh in the query, xywh in the key.
        similarity (ndarray): (p,) cosine; NaN where not known.
        title (str): Above the query.
    """

    query: np.ndarray
    key: np.ndarray
    pairs: np.ndarray
    similarity: np.ndarray
    title: str = ''


def correspondence_figure(
    rows: Sequence[Correspondence], most: int = 3
) -> Figure:
    """Query and matched box in one colour, their similarity beside them.

    Args:
        rows (Sequence[Correspondence]): At least one; two stand side by
            side.
        most (int): Pairs drawn of each, the most similar ones; a box that
            is drawn already is left out.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: There are no rows.
    """
    if not rows:
        raise ValueError('there are no correspondences to draw')
    blocks = 2 if len(rows) > 1 else 1
    lines = -(-len(rows) // blocks)
    figure, axes = new_figure(
        4.6 * blocks, 1.75 * lines + 0.2, lines, 3 * blocks,
        width_ratios=[1, 1, 0.32] * blocks,
    )  # fmt: skip
    for axis in axes:
        axis.set_axis_off()
    for number, row in enumerate(rows):
        query, key, text = axes[3 * number : 3 * number + 3]
        for axis, picture in ((query, row.query), (key, row.key)):
            axis.set_axis_on()
            bare(axis)
            axis.imshow(picture)
        query.set_title(row.title, loc='left', fontsize=7, color=INK, pad=3)
        for place, pair in enumerate(distinct(row.pairs, most)):
            _outline(query, row.pairs[pair, :4], place)
            _outline(key, row.pairs[pair, 4:], place)
            value = row.similarity[pair]
            text.text(
                0, 0.9 - 0.2 * place,
                '?' if np.isnan(value) else f'{value:.3f}',
                color=colour(place), fontsize=9, fontweight='bold',
                va='center', transform=text.transAxes,
            )  # fmt: skip
    figure.supxlabel(
        'left: query box, right: matched box of a neighbour, cosine of their '
        'features',
        fontsize=7, color=MUTED, x=0.01, ha='left',
    )  # fmt: skip
    return figure


def distinct(pairs: np.ndarray, most: int) -> list[int]:
    """The first pairs whose boxes do not come twice, on either side."""
    chosen, seen = [], set()
    for number, pair in enumerate(pairs.tolist()):
        boxes = {('query', *pair[:4]), ('key', *pair[4:])}
        if not boxes & seen and len(chosen) < most:
            chosen.append(number)
            seen |= boxes
    return chosen


def _outline(axis, box: Sequence[int], number: int) -> None:
    x, y, w, h = (float(value) for value in box)
    for line, edge in ((3.0, PAPER), (1.6, colour(number))):
        axis.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                w,
                h,
                fill=False,
                edgecolor=edge,
                linewidth=line,
            )
        ).set_clip_on(False)
