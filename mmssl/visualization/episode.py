# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A few-shot episode: what was shown, what was asked, what was answered."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mmssl.visualization.neighbours import shorten, show_picture
from mmssl.visualization.style import BAD, GOOD, INK, MUTED, new_figure


def episode_figure(
    support: Sequence[np.ndarray],
    queries: Sequence[np.ndarray],
    predicted: Sequence[int],
    names: Sequence[str],
) -> Figure:
    """One row a class: its support, then its queries.

    A query has a blue frame where it was recognised; else a broken orange
    one, and above it the class that was taken for the true one of its row.

    Args:
        support (Sequence[ndarray]): way * shot pictures (h, w, 3) uint8
            RGB, shot-major.
        queries (Sequence[ndarray]): way * query pictures, query-major.
        predicted (Sequence[int]): Class of each query, in [0, way).
        names (Sequence[str]): way names, in the order of the episode.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: The counts do not fit.
    """
    way = len(names)
    if (
        way == 0
        or not len(support)
        or not len(queries)
        or len(support) % way
        or len(queries) % way
        or len(predicted) != len(queries)
    ):
        raise ValueError(
            f'an episode of {way} classes needs equally many supports, and '
            'queries with one prediction each, of every class, got '
            f'{len(support)}, {len(queries)} and {len(predicted)}'
        )
    shot, query = len(support) // way, len(queries) // way
    columns = shot + 1 + query
    figure, axes = new_figure(
        0.95 * (columns - 1) + 0.3,
        1.15 * way + 0.3,
        way,
        columns,
        width_ratios=[1] * shot + [0.15] + [1] * query,
    )
    for row in range(way):
        line = axes[row * columns :][:columns]
        for axis, picture in zip(line[:shot], support[row::way], strict=True):
            show_picture(axis, picture, INK)
        line[shot].set_axis_off()
        title = dict(loc='left', fontsize=8, pad=3)
        line[0].set_title(shorten(names[row]), color=INK, **title)
        for axis, picture, answer in zip(
            line[shot + 1 :], queries[row::way], predicted[row::way],
            strict=True,
        ):  # fmt: skip
            right = int(answer) == row
            show_picture(
                axis, picture, GOOD if right else BAD, broken=not right
            )
            if not right:
                name = shorten(names[int(answer)], 12)
                axis.set_title(name, color=MUTED, **title)
    return figure


def answer_figure(
    examples: Mapping[str, Sequence[np.ndarray]],
    queries: Sequence[np.ndarray],
    answers: Sequence[tuple[str, float]],
    most: int = 6,
) -> Figure:
    """One row a class: its examples, then what was taken for it.

    Args:
        examples (Mapping): Name of a class to pictures (h, w, 3) uint8
            RGB; the first ``most`` are drawn.
        queries (Sequence[ndarray]): q pictures.
        answers (Sequence[tuple[str, float]]): Class and score of each; the
            score is written above it.
        most (int): Of a row, likewise the queries with the highest score.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: No class, or not one answer for each query.
    """
    if not examples or len(queries) != len(answers):
        raise ValueError(
            'answers need classes with examples, and one answer a query, '
            f'got {len(examples)} classes, {len(queries)} queries and '
            f'{len(answers)} answers'
        )
    ranked = sorted(range(len(answers)), key=lambda i: -answers[i][1])
    chosen = {
        name: [i for i in ranked if answers[i][0] == name][:most]
        for name in examples
    }
    shot = min(most, max(map(len, examples.values())))
    query = max(1, *map(len, chosen.values()))
    columns = shot + 1 + query
    figure, axes = new_figure(
        0.95 * (columns - 1) + 0.3,
        1.15 * len(examples) + 0.3,
        len(examples),
        columns,
        width_ratios=[1] * shot + [0.15] + [1] * query,
    )
    for axis in axes:
        axis.set_axis_off()
    title = dict(loc='left', fontsize=8, pad=3)
    for row, (name, pictures) in enumerate(examples.items()):
        line = axes[row * columns :][:columns]
        line[0].set_title(shorten(name), color=INK, **title)
        for axis, picture in zip(line, pictures[:shot], strict=False):
            axis.set_axis_on()
            show_picture(axis, picture, INK)
        for axis, i in zip(line[shot + 1 :], chosen[name], strict=False):
            axis.set_axis_on()
            show_picture(axis, queries[i], GOOD)
            axis.set_title(f'{answers[i][1]:.2f}', color=MUTED, **title)
    return figure
