# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Rows of pictures below column titles, with boxes where there are some."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmssl.visualization.style import INK, bare, colour, new_figure


def picture_sheet(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    boxes: Sequence[Sequence[Sequence[tuple[np.ndarray, int, str]]]]
    | None = None,
    side: float = 1.7,
) -> Figure:
    """A grid of pictures.

    Args:
        rows (Sequence[Sequence[ndarray]]): r rows of c pictures (h, w, 3)
            uint8 RGB.
        titles (Sequence[str]): c titles of the columns.
        boxes (Sequence, optional): r times c lists of (box xyxy in pixels,
            number of the colour, text).
        side (float): Width of a column, inches.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: No row, or a row of another length than the titles.
    """
    if not rows or any(len(row) != len(titles) for row in rows):
        raise ValueError(
            f'a sheet of {len(titles)} columns needs rows of as many '
            f'pictures, got {[len(row) for row in rows]}'
        )
    height = sum(
        max(picture.shape[0] / picture.shape[1] for picture in row)
        for row in rows
    )
    figure, axes = new_figure(
        side * len(titles),
        (side * height) * 1.04 + 0.3,
        len(rows),
        len(titles),
        height_ratios=[
            max(picture.shape[0] / picture.shape[1] for picture in row)
            for row in rows
        ],
    )
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    for number, row in enumerate(rows):
        for place, picture in enumerate(row):
            axis = axes[number * len(titles) + place]
            bare(axis)
            axis.imshow(picture, interpolation='nearest')
            if number == 0:
                axis.set_title(
                    titles[place], loc='left', fontsize=8, color=INK, pad=3
                )
            for box in boxes[number][place] if boxes else ():
                _draw_box(axis, *box)
    return figure


def _draw_box(axis, box: np.ndarray, number: int, text: str) -> None:
    x1, y1, x2, y2 = (float(v) for v in box)
    axis.add_patch(
        Rectangle(
            (x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False,
            edgecolor=colour(number), linewidth=1.4,
        )
    )  # fmt: skip
    if text:
        axis.text(
            x1, y1, text, fontsize=5.5, color='white', va='bottom',
            clip_on=True,
            bbox=dict(facecolor=colour(number), edgecolor='none', pad=0.6),
        )  # fmt: skip
