# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One look for all pictures, drawn without a display.

Figures are made directly, not by pyplot: no global state, no window.
"""

import io
import os
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmssl.utils.files import atomic_path

INK, MUTED, GRID, PAPER = '#1f2933', '#66717d', '#e3e7eb', '#ffffff'
# All distinct also for readers who do not see red and green apart.
GOOD, BAD = '#2f6db3', '#e08a2e'
PALETTE = (
    '#2f6db3', '#e08a2e', '#3a9a78', '#b65a8c', '#7a67b5', '#8d6e4f',
    '#4fa3c7', '#c2a32b', '#6b7785', '#c9615f',
)  # fmt: skip
DPI = 144


def colour(number: int) -> str:
    """Colour of a class or a curve; repeats after ten."""
    return PALETTE[number % len(PALETTE)]


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **kwargs
) -> tuple[Figure, list[Axes]]:
    """An empty figure with a grid of axes.

    Args:
        width (float): Inches.
        height (float): Inches.
        rows (int): Rows of axes.
        columns (int): Columns of axes.
        **kwargs: For ``Figure.subplots``.

    Returns:
        tuple: Figure, and its axes row by row.
    """
    figure = Figure(
        figsize=(width, height), facecolor=PAPER, layout='constrained'
    )
    axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
    return figure, list(axes.flat)


def tidy(
    axes: Axes,
    title: str = '',
    xlabel: str = '',
    ylabel: str = '',
    grid: str = 'y',
) -> None:
    """Thin lines, muted labels, a title at the left.

    Args:
        axes (Axes): What to tidy.
        title (str): Title.
        xlabel (str): Label of the horizontal axis.
        ylabel (str): Label of the vertical axis.
        grid (str): Direction of the grid lines: 'x', 'y' or 'both'.
    """
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(GRID)
    axes.tick_params(colors=MUTED, labelsize=8, length=0)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(xlabel, color=MUTED, fontsize=9)
    axes.set_ylabel(ylabel, color=MUTED, fontsize=9)
    axes.set_title(
        title, loc='left', color=INK, fontsize=10, fontweight='bold'
    )


def bare(axes: Axes) -> None:
    """No ticks and no frame: for pictures and maps."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def class_names(
    classes: Sequence[str] | None, labels: Sequence[int]
) -> dict[int, str]:
    """Name of every class that occurs; its number where it has none."""
    return {
        label: str(classes[label])
        if classes is not None and 0 <= label < len(classes)
        else str(label)
        for label in sorted({int(label) for label in labels})
    }


def save_figure(figure: Figure, path: str | os.PathLike) -> None:
    """Write a PNG atomically; equal figures give equal bytes.

    Args:
        figure (Figure): What to write.
        path (str or PathLike): The folder is created.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(figure_png(figure))


def figure_png(figure: Figure) -> bytes:
    """A figure as PNG; equal figures give equal bytes."""
    code = io.BytesIO()
    # Without the entry that names the version of matplotlib.
    figure.savefig(code, format='png', dpi=DPI, metadata={'Software': None})
    return code.getvalue()
