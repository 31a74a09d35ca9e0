# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sections that reports on a pre-training run share."""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mmssl.visualization.clip_sheet import retrieval_figure
from mmssl.visualization.curves import (
    Curve,
    curve_figure,
    find_scalars,
    read_scalars,
)
from mmssl.visualization.feature_map import (
    scatter_figure,
    thumbnail_figure,
    tsne,
)
from mmssl.visualization.neighbours import neighbour_figure
from mmssl.visualization.report import Report
from mmssl.visualization.style import class_names

MOST_POINTS, MOST_PICTURES = 2000, 400
VALIDATED = ('knn/top1', 'linear/top1')


def add_training(
    report: Report, run_dir: str | os.PathLike
) -> dict[str, Curve]:
    """Loss, embedding health and online accuracy of the newest log.

    Args:
        report (Report): Gets a section, if there is a log.
        run_dir (str or PathLike): Folder of the run.

    Returns:
        dict: All scalars of the log, name to (steps, values).
    """
    path = find_scalars(run_dir)
    curves = read_scalars(path) if path else {}
    names = [
        name
        for name in ('loss', 'feat_std', *VALIDATED)
        if len(curves.get(name, ([], []))[0]) > 1  # a point is no curve
    ]
    if names:
        report.heading('Training')
        figure = curve_figure(
            {name: {name: curves[name]} for name in names},
            dict.fromkeys(VALIDATED, 'epoch'),
        )
        report.figure(
            figure,
            'training',
            'feat_std: spread of the unit embeddings over the samples, 0 '
            'where all look alike.',
        )
    return curves


def add_neighbours(
    report: Report,
    neighbours: np.ndarray,
    query_picture: Callable[[int], np.ndarray],
    bank_picture: Callable[[int], np.ndarray],
    query_labels: np.ndarray,
    bank_labels: np.ndarray,
    classes: Sequence[str] | None = None,
    count: int = 8,
) -> None:
    """A grid of queries of different classes and their neighbours.

    Args:
        report (Report): Gets a section.
        neighbours (ndarray): (q, k) int, bank rows of each query.
        query_picture (Callable): From a query's row to (h, w, 3) uint8 RGB.
        bank_picture (Callable): Likewise for the bank.
        query_labels (ndarray): (q,) int, negative for none.
        bank_labels (ndarray): (n,) int.
        classes (Sequence[str], optional): Names of the classes.
        count (int): Queries shown.
    """
    rows = _spread(query_labels, count)
    names = class_names(classes, query_labels)
    labelled = bool((query_labels >= 0).all() and (bank_labels >= 0).all())
    figure = neighbour_figure(
        [query_picture(row) for row in rows],
        [[bank_picture(near) for near in neighbours[row]] for row in rows],
        [names[int(query_labels[row])] if labelled else '' for row in rows],
        [bank_labels[neighbours[row]] == query_labels[row] for row in rows]
        if labelled
        else None,
    )
    report.heading('Nearest neighbours')
    report.figure(
        figure,
        'neighbours',
        'Left: a test picture; right: the training pictures whose features '
        'are nearest. Blue frame: the same class; broken orange frame: '
        'another one.'
        if labelled
        else 'Left: a test picture; right: its nearest training pictures.',
    )


def add_retrieval(
    report: Report,
    neighbours: np.ndarray,
    query_clip: Callable[[int], np.ndarray],
    bank_clip: Callable[[int], np.ndarray],
    query_labels: np.ndarray,
    bank_labels: np.ndarray,
    classes: Sequence[str] | None = None,
    count: int = 4,
    topk: int = 5,
) -> None:
    """A sheet of each of a few queries: its clip above the clips found.

    Args:
        report (Report): Gets a section.
        neighbours (ndarray): (q, k) int, bank rows of each query.
        query_clip (Callable): From a query's row to (t, h, w, 3) uint8 RGB.
        bank_clip (Callable): Likewise for the bank.
        query_labels (ndarray): (q,) int, negative for none.
        bank_labels (ndarray): (n,) int.
        classes (Sequence[str], optional): Names of the classes.
        count (int): Queries shown.
        topk (int): Clips found, shown of each.
    """
    every = np.concatenate([query_labels, bank_labels])
    names = class_names(classes, every)
    labelled = bool((every >= 0).all())
    report.heading('Retrieval')
    for number, row in enumerate(_spread(query_labels, count), start=1):
        near = neighbours[row][:topk]
        figure = retrieval_figure(
            query_clip(row),
            [bank_clip(found) for found in near],
            names[int(query_labels[row])] if labelled else '',
            [names[int(bank_labels[found])] for found in near]
            if labelled
            else (),
            bank_labels[near] == query_labels[row] if labelled else None,
        )
        report.figure(
            figure,
            f'retrieval_{number}',
            'Above: a test clip; below: the training clips whose features '
            'are nearest.',
        )


def _spread(labels: np.ndarray, count: int) -> list[int]:
    """Rows of as many different classes as there are, in class order."""
    firsts = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    chosen: list[int] = []
    for place in range(len(labels)):
        chosen += [int(rows[place]) for rows in firsts if len(rows) > place]
        if len(chosen) >= count:
            break
    step = max(1, len(firsts) // count)
    return chosen[: step * count : step]


def add_map(
    report: Report,
    features: Mapping[str, np.ndarray],
    labels: np.ndarray,
    classes: Sequence[str] | None = None,
    picture: Callable[[int], np.ndarray] | None = None,
    seed: int = 0,
) -> None:
    """t-SNE maps side by side; the last one also with pictures.

    Args:
        report (Report): Gets a section.
        features (Mapping): Title to features (n, d) of the same samples; at
            most 2000, evenly chosen, are drawn.
        labels (ndarray): (n,) int, negative for none.
        classes (Sequence[str], optional): Names of the classes.
        picture (Callable, optional): From a row to (h, w, 3) uint8 RGB;
            without it no pictures are drawn.
        seed (int): Of t-SNE.
    """
    rows = _evenly(len(labels), MOST_POINTS)
    maps = {title: tsne(x[rows], seed) for title, x in features.items()}
    report.heading('Map of the features')
    report.figure(
        scatter_figure(maps, labels[rows], classes),
        'map',
        't-SNE of the features of test pictures; near points have near '
        'features, distances between groups mean little.',
    )
    if picture is None:
        return
    few = _evenly(len(rows), MOST_PICTURES)
    title, points = list(maps.items())[-1]
    report.figure(
        thumbnail_figure(
            points[few], [picture(rows[i]) for i in few], labels[rows][few]
        ),
        'map_pictures',
        f'The same map ({title}) with the pictures.',
    )


def _evenly(count: int, most: int) -> np.ndarray:
    """At most ``most`` of ``count`` rows, evenly spaced."""
    size = min(count, most)
    return np.arange(size) * count // max(size, 1)
