# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A grid of pictures: queries and what the features find near them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mmssl.visualization.style import BAD, GOOD, INK, MUTED, bare, new_figure


def neighbour_figure(
    queries: Sequence[np.ndarray],
    neighbours: Sequence[Sequence[np.ndarray]],
    query_names: Sequence[str] | None = None,
    correct: Sequence[Sequence[bool]] | None = None,
) -> Figure:
    """One row a query; frames say whether the class agrees.

    Args:
        queries (Sequence[ndarray]): q pictures (h, w, 3) uint8 RGB.
        neighbours (Sequence[Sequence[ndarray]]): q times k pictures, the
            nearest first.
        query_names (Sequence[str], optional): q names, above the queries.
        correct (Sequence[Sequence[bool]], optional): q times k: blue frame,
            or broken orange frame; None draws grey ones.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: If there is no query, or the counts differ.
    """
    if not queries or len({len(row) for row in neighbours}) != 1:
        raise ValueError(
            'a grid needs at least one query and equally many neighbours of '
            f'each, got {[len(row) for row in neighbours]}'
        )
    count = len(neighbours[0])
    names = query_names or [''] * len(queries)
    figure, axes = new_figure(
        0.95 * (count + 1) + 0.2,
        1.08 * len(queries) + 0.3,
        len(queries),
        count + 2,
        width_ratios=[1, 0.12] + [1] * count,
    )
    for row, (query, near) in enumerate(zip(queries, neighbours, strict=True)):
        first, gap, *others = axes[row * (count + 2) :][: count + 2]
        gap.set_axis_off()
        show_picture(first, query, INK)
        # From the left edge on, a long name ends in the gap.
        first.set_title(
            shorten(names[row]), loc='left', fontsize=8, color=INK, pad=3
        )
        for place, (axis, picture) in enumerate(
            zip(others, near, strict=True)
        ):
            agrees = None if correct is None else bool(correct[row][place])
            frame = MUTED if agrees is None else GOOD if agrees else BAD
            show_picture(axis, picture, frame, broken=agrees is False)
    return figure


def shorten(name: str, most: int = 18) -> str:
    """A name of at most ``most`` letters."""
    return name if len(name) <= most else name[: most - 1] + '…'


def show_picture(
    axis, picture: np.ndarray, frame: str, broken: bool = False
) -> None:
    """A picture in a frame of a colour, broken or not."""
    bare(axis)
    axis.imshow(picture, interpolation='nearest')
    for spine in axis.spines.values():
        spine.set(
            visible=True,
            color=frame,
            linewidth=2.2,
            linestyle=(0, (2, 1)) if broken else '-',
            capstyle='butt' if broken else 'projecting',
        )
