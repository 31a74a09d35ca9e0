# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a mixture has learned, and how it grew and was used over time."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmssl.visualization.neighbours import shorten
from mmssl.visualization.style import (
    INK,
    MUTED,
    bare,
    class_names,
    colour,
    new_figure,
    tidy,
)


def component_figure(
    pictures: np.ndarray, titles: Sequence[str], columns: int = 10
) -> Figure:
    """Pictures of each component: its mean, then samples, in a column.

    Args:
        pictures (ndarray): (components, n, h, w) in [0, 1].
        titles (Sequence[str]): One for each component.
        columns (int): Most components side by side.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: There is not one title a component, or no component.
    """
    count = len(pictures)
    if not count or len(titles) != count:
        raise ValueError(
            f'each component needs a title, got {count} components and '
            f'{len(titles)} titles'
        )
    rows, each = -(-count // columns), pictures.shape[1]
    columns = -(-count // rows)  # rows of about equal length
    figure, axes = new_figure(
        0.75 * columns + 0.4, rows * (0.75 * each + 0.35), rows, columns
    )
    for axis in axes[count:]:
        axis.set_axis_off()
    for axis, column, title in zip(axes, pictures, titles, strict=False):
        # Lines between the pictures, a light one below the mean.
        lines = np.full((each, 1, column.shape[2]), 0.35)
        lines[0] = 1
        stack = np.concatenate([column, lines], 1).reshape(-1, column.shape[2])
        axis.imshow(stack[:-1], cmap='gray', vmin=0, vmax=1)
        bare(axis)
        axis.set_title(title, fontsize=8, color=INK)
    return figure


def birth_figure(
    births: Sequence[dict[str, int]],
    shown: Sequence[Sequence[int]],
    n_steps: int,
    classes: Sequence[str] | None = None,
) -> Figure:
    """Components over a stream, in the colour of the class they came for.

    Args:
        births (Sequence[dict]): ``step``, ``component`` and ``label`` (most
            frequent in the pool; -1: none) of each new component.
        shown (Sequence[Sequence[int]]): Classes of each of the equal
            periods of the stream; drawn as a band, with its name, where
            there is one.
        n_steps (int): Length of the stream.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        Figure: Not saved yet.
    """
    figure, (axis,) = new_figure(9, 3.4)
    tidy(axis, 'Components born', 'step of the stream', 'components')
    length = n_steps / len(shown)
    alone = [period[0] for period in shown if len(period) == 1]
    band_names = class_names(classes, alone)
    for number, period in enumerate(shown):
        if len(period) == 1:
            start = number * length
            axis.axvspan(
                start, start + length, color=colour(period[0]), alpha=0.13,
                linewidth=0,
            )  # fmt: skip
            if len(shown) <= 20:
                axis.text(
                    start + length / 2,
                    0.01,
                    shorten(band_names[period[0]], 12),
                    transform=axis.get_xaxis_transform(),
                    ha='center',
                    fontsize=7,
                    color=MUTED,
                )
    steps = [0, *(birth['step'] for birth in births), n_steps]
    counts = [1, *(birth['component'] + 1 for birth in births)]
    axis.step(steps, [*counts, counts[-1]], where='post', color=MUTED)
    labels = [birth['label'] for birth in births]
    for label, name in class_names(classes, labels).items():
        chosen = [birth for birth in births if birth['label'] == label]
        axis.scatter(
            [birth['step'] for birth in chosen],
            [birth['component'] + 1 for birth in chosen],
            color=MUTED if label < 0 else colour(label),
            s=32,
            zorder=3,
            label='no label' if label < 0 else name,
        )
    axis.set_xlim(0, n_steps)
    axis.set_ylim(0)
    axis.yaxis.get_major_locator().set_params(integer=True)
    if births and len(set(labels)) <= 30:
        figure.legend(
            loc='outside right center',
            frameon=False,
            fontsize=8,
            labelcolor=INK,
            title='most in the pool',
            title_fontsize=8,
        )
    return figure


def usage_figure(
    steps: Sequence[int],
    usage: Sequence[np.ndarray],
    classes: Sequence[str] | None = None,
) -> Figure:
    """Which classes use which component, over a stream.

    A cell has the colour of the class that uses the component most in this
    stretch of the stream, the deeper the larger the component's share of all
    samples of the stretch.

    Args:
        steps (Sequence[int]): Step at which each stretch ends, ascending.
        usage (Sequence[ndarray]): (classes, components so far) of each
            stretch, samples or sums of probabilities, not all 0.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: There is not one table a step, or none at all.
    """
    if not len(steps) or len(steps) != len(usage):
        raise ValueError(
            'each stretch of the stream needs a step and a table, got '
            f'{len(steps)} steps and {len(usage)} tables'
        )
    count = max(table.shape[1] for table in usage)
    cells = np.ones((count, len(steps), 3))
    shown = set()
    for column, table in enumerate(usage):
        shares = table.sum(0) / table.sum()
        for component in np.flatnonzero(shares > 0.005):
            label = int(table[:, component].argmax())
            shown.add(label)
            # Also a small share is to be seen.
            depth = 0.15 + 0.85 * shares[component]
            ink = np.asarray(to_rgb(colour(label)))
            cells[component, column] = 1 - depth * (1 - ink)
    figure, (axis,) = new_figure(9, 1.2 + 0.2 * min(count, 30))
    tidy(axis, 'Components used', 'step of the stream', 'component')
    edges = [2 * steps[0] - steps[1] if len(steps) > 1 else 0, *steps]
    axis.pcolormesh(edges, np.arange(count + 1) - 0.5, cells)
    axis.yaxis.get_major_locator().set_params(integer=True)
    if len(shown) <= 30:
        names = class_names(classes, sorted(shown)).items()
        figure.legend(
            handles=[
                Patch(color=colour(label), label=name) for label, name in names
            ],
            loc='outside right center',
            frameon=False,
            fontsize=8,
            labelcolor=INK,
            title='class',
            title_fontsize=8,
        )
    return figure
