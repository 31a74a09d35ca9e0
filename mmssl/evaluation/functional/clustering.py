# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Do clusters, or latent vectors, know the classes?"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmssl.evaluation.functional.knn import nearest, vote


def confusion_matrix(
    labels: Tensor,
    clusters: Tensor,
    n_labels: int | None = None,
    n_clusters: int | None = None,
) -> Tensor:
    """Counts of pairs of label and cluster.

    Args:
        labels (Tensor): (n,) int64, >= 0.
        clusters (Tensor): (n,) int64, >= 0.
        n_labels (int, optional): Rows; defaults to the largest label + 1.
        n_clusters (int, optional): Columns; likewise.

    Returns:
        Tensor: (n_labels, n_clusters) int64.

    Raises:
        ValueError: No samples, lengths that differ, or a number outside.
    """
    if len(labels) == 0 or labels.shape != clusters.shape:
        raise ValueError(
            'a confusion matrix needs one cluster a label and at least one '
            f'sample, got {tuple(labels.shape)} labels and '
            f'{tuple(clusters.shape)} clusters'
        )
    sizes = []
    for name, values, size in (
        ('labels', labels, n_labels),
        ('clusters', clusters, n_clusters),
    ):
        size = int(values.max()) + 1 if size is None else size
        if int(values.min()) < 0 or int(values.max()) >= size:
            raise ValueError(
                f'{name} must be in [0, {size}), got {int(values.min())} to '
                f'{int(values.max())}'
            )
        sizes.append(size)
    rows, columns = sizes
    pairs = labels * columns + clusters
    return pairs.bincount(minlength=rows * columns).view(rows, columns)


def purity(confusion: Tensor) -> float:
    """Share of the samples that have their cluster's most frequent label.

    Cluster accuracy of CURL (https://arxiv.org/abs/1910.14481, section 4.2):
    several clusters may stand for one class.

    Args:
        confusion (Tensor): (labels, clusters) counts, not all 0.

    Returns:
        float: In (0, 1]; 1/classes for one cluster of balanced classes.
    """
    return confusion.max(0).values.sum().item() / confusion.sum().item()


def knn_error(
    queries: Tensor,
    query_labels: Tensor,
    bank: Tensor,
    bank_labels: Tensor,
    ks: Sequence[int] = (3, 5, 10),
) -> dict[int, float]:
    """Error of k-NN classification, Euclidean with equal votes.

    Args:
        queries (Tensor): (q, d).
        query_labels (Tensor): (q,) int64.
        bank (Tensor): (n, d).
        bank_labels (Tensor): (n,) int64.
        ks (Sequence[int]): Neighbours, each in [1, n]; searched for once.

    Returns:
        dict[int, float]: Error in [0, 1] by k; ties go to the smaller label.
    """
    found = nearest(queries, bank, max(ks))
    errors = {}
    for k in ks:
        part = type(found)(found.values[:, :k], found.indices[:, :k])
        predicted = vote(part, bank_labels, top=1)[:, 0]
        errors[k] = (predicted != query_labels).double().mean().item()
    return errors


def incremental_accuracy(
    scores: Tensor, labels: Tensor, tasks: Sequence[Sequence[int]]
) -> tuple[float, float]:
    """Accuracy when the task is known, and when it is not.

    Args:
        scores (Tensor): (n, classes).
        labels (Tensor): (n,) int64.
        tasks (Sequence[Sequence[int]]): Classes of each task; together all
            classes that occur, each once.

    Returns:
        tuple[float, float]: In [0, 1]: incremental task (the best class of
        the sample's task) and incremental class (the best of all).

    Raises:
        ValueError: A label is in no task, or a class in two.
    """
    classes = [c for task in tasks for c in task]
    unknown = set(labels.tolist()) - set(classes)
    if unknown or len(set(classes)) < len(classes):
        raise ValueError(
            'tasks must hold each class once, got '
            f'{[list(task) for task in tasks]} for the labels '
            f'{sorted(set(labels.tolist()))}'
        )
    allowed = torch.zeros(len(labels), scores.shape[1], dtype=torch.bool)
    for task in tasks:
        mine = torch.isin(labels, torch.tensor(task))
        allowed[mine] = torch.isin(
            torch.arange(scores.shape[1]), torch.tensor(task)
        )
    within = scores.masked_fill(~allowed, -torch.inf)
    return tuple(
        (s.argmax(1) == labels).double().mean().item()
        for s in (within, scores)
    )
