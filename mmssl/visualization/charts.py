# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Bars with error bars, and confusion matrices."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mmssl.visualization.style import INK, MUTED, PALETTE, new_figure, tidy

PANELS = 4  # in a row of bar charts


def bar_figure(
    names: Sequence[str],
    groups: dict[str, tuple[Sequence[float], Sequence[float]]],
    xlabels: Mapping[str, str] | None = None,
    highlight: Sequence[bool] | None = None,
) -> Figure:
    """Horizontal bars, one panel for each quantity, four in a row.

    Args:
        names (Sequence[str]): n rows, drawn from the top.
        groups (dict): Title of a panel to n values and n half lengths of
            the error bars; NaN draws no value, or no error bar.
        xlabels (Mapping, optional): Title of a panel to the unit below it.
        highlight (Sequence[bool], optional): Rows in full colour; the
            others are grey.  Defaults to all.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: If there is nothing to draw.
    """
    if not names or not groups:
        raise ValueError('a bar chart needs at least one row and one panel')
    highlight = highlight or [True] * len(names)
    colours = [PALETTE[0] if full else '#b9c1c9' for full in highlight]
    columns = min(len(groups), PANELS)
    lines = -(-len(groups) // columns)
    figure, axes = new_figure(
        2 + 2.8 * columns,
        lines * (1.1 + 0.34 * len(names)),
        lines,
        columns,
        sharey=True,
    )
    for axis in axes[len(groups) :]:
        axis.set_axis_off()
    rows = np.arange(len(names))
    for axis, (title, (values, errors)) in zip(
        axes, groups.items(), strict=False
    ):
        axis.barh(
            rows,
            values,
            0.66,
            xerr=[0 if math.isnan(e) else e for e in errors],
            color=colours,
            error_kw=dict(ecolor=INK, elinewidth=1, capsize=2.5),
        )
        _write_values(axis, rows, values, errors)
        tidy(axis, title, (xlabels or {}).get(title, ''), grid='x')
        axis.margins(x=0.18)
        axis.tick_params(axis='y', labelcolor=INK, labelsize=9)
    axes[0].set_yticks(rows, names)
    axes[0].invert_yaxis()  # shared by all panels
    return figure


def _write_values(axis, rows, values, errors) -> None:
    for row, value, error in zip(rows, values, errors, strict=True):
        if math.isnan(value):
            continue
        end = value + (0 if math.isnan(error) else error)
        axis.annotate(
            f'{value:.{1 if abs(value) >= 10 else 3}f}',
            (max(end, 0), row),
            xytext=(4, 0),
            textcoords='offset points',
            va='center',
            fontsize=8,
            color=MUTED,
        )


def confusion_figure(
    matrix: np.ndarray,
    classes: Sequence[str] | None = None,
    clusters: Sequence[str] | None = None,
) -> Figure:
    """A confusion matrix, each row as shares of its class.

    Args:
        matrix (ndarray): (k, k) counts, rows are the true classes; with
            clusters (k, c).
        classes (Sequence[str], optional): k names.
        clusters (Sequence[str], optional): c names of the columns, where
            they are not the classes.

    Returns:
        Figure: Not saved yet; shares are written in while k <= 20.

    Raises:
        ValueError: If the matrix is not square and has no clusters.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    wide = len(matrix) if clusters is None else len(clusters)
    if matrix.ndim != 2 or matrix.shape[1] != wide:
        raise ValueError(f'a square matrix is needed, got {matrix.shape}')
    size = len(matrix)
    classes = classes or [str(label) for label in range(size)]
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    sides = [max(3.2, 0.42 * min(n, 30) + 1.6) for n in (wide, size)]
    figure, (axis,) = new_figure(*sides)
    axis.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    tidy(axis, '', 'predicted' if clusters is None else 'cluster', 'true')
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set_xticks(range(wide), clusters or classes, rotation=60, ha='right')
    axis.set_yticks(range(size), classes)
    for row in range(size if max(size, wide) <= 20 else 0):
        for column in range(wide):
            share = shares[row, column]
            axis.text(
                column,
                row,
                f'{100 * share:.0f}',
                ha='center',
                va='center',
                fontsize=7,
                color='white' if share > 0.55 else INK,
            )
    return figure
