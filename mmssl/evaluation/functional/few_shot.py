# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Few-shot classification of features that were extracted once."""

from typing import NamedTuple

import torch
from torch import Tensor

from mmssl.utils.episodes import (
    EpisodeShape,
    draw_episode,
    prototype_logits,
    prototypes,
    rows_of_classes,
    split_episode,
)

BLOCK = 2**20  # feature values gathered at a time: they stay in the cache


class Interval(NamedTuple):
    """A mean and the half width of its 95 % interval."""

    mean: float
    half_width: float


class EpisodeResults(NamedTuple):
    """Of n episodes: ``accuracy`` (n,) float64 in [0, 1], ``rows``
    (n, way * (shot + query)) int64, shot-major, and ``predicted``
    (n, way * query) int64, the predicted classes in [0, way)."""

    accuracy: Tensor
    rows: Tensor
    predicted: Tensor


def confidence_interval(values: Tensor) -> Interval:
    r"""Mean and :math:`1.96 \sigma / \sqrt{n}`, with the population std.

    As https://github.com/Alibaba-AAIG/SSL-FEW-SHOT computes it.

    Args:
        values (Tensor): (n,), n >= 1.

    Raises:
        ValueError: There is no value.
    """
    if values.numel() == 0:
        raise ValueError('an interval needs at least one value')
    values = values.double()
    spread = values.std(correction=0).item() / len(values) ** 0.5
    return Interval(values.mean().item(), 1.96 * spread)


def episode_confusion(results: EpisodeResults, labels: Tensor) -> Tensor:
    """Which classes were taken for which, over all episodes.

    Args:
        results (EpisodeResults): Of features with these labels.
        labels (Tensor): (n,) int64, >= 0.

    Returns:
        Tensor: (k, k) int64 counts of queries, rows are the true classes.
    """
    labels = labels.cpu()
    count = int(labels.max()) + 1
    queries = results.predicted.shape[1]
    true = labels[results.rows[:, -queries:]]  # (e, way * query)
    # Shot-major: class c of an episode is that of its picture c.
    predicted = labels[results.rows.gather(1, results.predicted)]
    pairs = (true * count + predicted).flatten()
    return pairs.bincount(minlength=count**2).view(count, count)


def few_shot_classify(
    features: Tensor,
    labels: Tensor,
    n_episodes: int = 600,
    way: int = 5,
    shot: int = 1,
    query: int = 15,
    distance: str = 'sqeuclidean',
    generator: torch.Generator | None = None,
) -> EpisodeResults:
    """Classify the queries of random episodes by the nearest prototype.

    For a fixed backbone this is what classifying each episode's pictures
    anew gives, at the price of one pass over the data.

    Args:
        features (Tensor): (n, d), on any device.
        labels (Tensor): (n,) int64, >= 0.
        n_episodes (int): Usual: 600, 2,000 or 10,000.
        way (int): Classes of an episode.
        shot (int): Support pictures a class.
        query (int): Queries a class.
        distance (str): 'sqeuclidean' or 'cosine'.
        generator (Generator, optional): Of the episodes, CPU.

    Returns:
        EpisodeResults: On the CPU.

    Raises:
        ValueError: n_episodes below 1, or a feature is not finite.
        UsageError: Too few classes, or a class with too few pictures.
    """
    if n_episodes < 1:
        raise ValueError(f'n_episodes must be at least 1, got {n_episodes}')
    if not features.isfinite().all():
        raise ValueError(
            'features hold NaN or infinite values; the network has diverged'
        )
    shape = EpisodeShape(way, shot, query)
    classes = rows_of_classes(labels.cpu(), shape)
    rows = torch.stack(
        [draw_episode(classes, shape, generator) for _ in range(n_episodes)]
    )
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    step = max(1, BLOCK // (shape.rows * features.shape[1]))
    predicted = []
    for block in rows.split(step):
        picked = features[block.to(features.device)]  # (e, rows, d)
        support, queries = split_episode(picked, shape)
        centres = prototypes(support, way)
        logits = prototype_logits(queries, centres, distance=distance)
        predicted.append(logits.argmax(-1).cpu())
    predicted = torch.cat(predicted)
    correct = predicted == shape.query_labels()
    return EpisodeResults(correct.double().mean(1), rows, predicted)
