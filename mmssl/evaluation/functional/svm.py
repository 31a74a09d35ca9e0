# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Linear SVMs on frozen features: VOC07, with all labels or with a few.

The protocol of https://arxiv.org/abs/1905.01235 as OpenSelfSup's
``svm_tools`` run it, with its quirks, so that numbers can be compared.
Labels are 1 (there), -1 (not there) and 0 (only objects marked difficult).
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

COSTS = (1.0, 10.0, 100.0, *(0.5**power for power in range(4, 20)))
SHOTS = (1, 2, 4, 8, 16, 32, 64, 96)


class SVMResult(NamedTuple):
    """``ap`` (classes,) in [0, 1], NaN for a class that cannot be tested;
    ``cost`` (classes,) chosen by cross-validation."""

    ap: np.ndarray
    cost: np.ndarray

    @property
    def mean_ap(self) -> float:
        """Mean over the classes that could be tested."""
        return float(np.nanmean(self.ap))


class LowShotResult(NamedTuple):
    """Mean AP over classes with k positives each.

    ``mean`` and ``std`` (shots,) over the samples, at the ``cost`` (shots,)
    that is best on the test set.
    """

    shots: tuple[int, ...]
    mean: np.ndarray
    std: np.ndarray
    cost: np.ndarray


def normalize_features(features: np.ndarray) -> np.ndarray:
    """Rows (n, d) divided by their length plus 1e-5."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return features / (norms + 1e-5)


def interpolated_ap(targets: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve, made falling from the right.

    Args:
        targets (ndarray): (n,) 1 and -1; entries 0 are left out.
        scores (ndarray): (n,).

    Returns:
        float: In [0, 1]; NaN without a positive.
    """
    kept = targets != 0
    hits = targets[kept][np.argsort(-scores[kept], kind='stable')] > 0
    if not hits.any():
        return float('nan')
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall rises by one share at each hit.
    return float(best[hits].mean())


def frequent_classes(
    train_y: np.ndarray, test_y: np.ndarray, least: int
) -> np.ndarray:
    """Classes that at least so many pictures of both sets show.

    Args:
        train_y (ndarray): (n, classes) in {1, 0, -1}.
        test_y (ndarray): (q, classes).
        least (int): Pictures.

    Returns:
        ndarray: (classes,) bool.

    Raises:
        ValueError: The sets have other classes, or none is left.
    """
    counts = [(labels > 0).sum(0) for labels in (train_y, test_y)]
    if len(counts[0]) != len(counts[1]):
        raise ValueError(
            f'training has labels of {len(counts[0])} classes, the test of '
            f'{len(counts[1])}'
        )
    often = np.minimum(*counts) >= least
    if not often.any():
        raise ValueError(
            f'no class is shown by {least} pictures of each set; lower least'
        )
    return often


def linear_svm(cost: float):
    """scikit-learn's liblinear with the settings of the protocol."""
    from sklearn.svm import LinearSVC

    return LinearSVC(
        C=cost,
        class_weight={1: 2, -1: 1},
        penalty='l2',
        loss='squared_hinge',
        dual=True,
        tol=1e-4,
        max_iter=2000,
        random_state=0,
    )


def classify_multilabel(
    train_x: np.ndarray,
    train_y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    costs: Sequence[float] = COSTS,
    folds: int = 3,
    workers: int = 1,
) -> SVMResult:
    """One linear SVM for each class, its cost chosen by cross-validation.

    Quirk of the protocol, kept: pictures with nothing but difficult objects
    of a class are its negatives in training, and are left out in the test.

    Args:
        train_x (ndarray): (n, d), see :func:`normalize_features`.
        train_y (ndarray): (n, classes) in {1, 0, -1}.
        test_x (ndarray): (q, d).
        test_y (ndarray): (q, classes).
        costs (Sequence[float]): To choose from.
        folds (int): Of the cross-validation, on average precision; a class
            needs as many positives and negatives, or is NaN.
        workers (int): Processes.

    Returns:
        SVMResult: By class.

    Raises:
        ValueError: Shapes do not agree, or no class can be tested.
    """
    _check(train_x, train_y, test_x, test_y)
    targets = np.where(train_y > 0, 1, -1)
    work = partial(_one_class, train_x, test_x, costs, folds)
    found = _map(work, list(zip(targets.T, test_y.T, strict=True)), workers)
    ap, cost = (np.array(values) for values in zip(*found, strict=True))
    if np.isnan(ap).all():
        raise ValueError(
            f'no class has {folds} pictures with and without it in training '
            'and one with it in the test'
        )
    return SVMResult(ap, cost)


def _one_class(train_x, test_x, costs, folds, labels) -> tuple[float, float]:
    from sklearn.model_selection import cross_val_score

    targets, test = labels
    if min((targets > 0).sum(), (targets < 0).sum()) < folds or not (
        (test > 0).any()
    ):
        return float('nan'), float('nan')
    scores = [
        cross_val_score(
            linear_svm(cost),
            train_x,
            targets,
            cv=folds,
            scoring='average_precision',
        ).mean()
        for cost in costs
    ]
    cost = costs[int(np.argmax(scores))]
    model = linear_svm(cost).fit(train_x, targets)
    return interpolated_ap(test, model.decision_function(test_x)), cost


def sample_few(
    labels: np.ndarray, shots: int, rng: np.random.Generator
) -> np.ndarray:
    """Places of k positives and 19 k negatives of a class.

    Args:
        labels (ndarray): (n,) in {1, 0, -1}.
        shots (int): k.
        rng (Generator): Draws.

    Returns:
        ndarray: Places; fewer where there are fewer.
    """
    positives, negatives = (
        np.flatnonzero(labels > 0),
        (labels < 0).nonzero()[0],
    )
    return np.concatenate(
        [
            rng.permutation(positives)[:shots],
            rng.permutation(negatives)[: 19 * shots],
        ]
    )


def classify_low_shot(
    train_x: np.ndarray,
    train_y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    shots: Sequence[int] = SHOTS,
    samples: int = 5,
    costs: Sequence[float] = COSTS,
    seed: int = 0,
    workers: int = 1,
) -> LowShotResult:
    """Linear SVMs on k positives and 19 k negatives of each class.

    Quirk of the protocol, kept: the cost is the best one on the test set, of
    the mean over the samples.

    Args:
        train_x (ndarray): (n, d).
        train_y (ndarray): (n, classes) in {1, 0, -1}.
        test_x (ndarray): (q, d).
        test_y (ndarray): (q, classes).
        shots (Sequence[int]): Values of k.
        samples (int): Random choices for each k.
        costs (Sequence[float]): To choose from.
        seed (int): Of the choices.
        workers (int): Processes.

    Raises:
        ValueError: Shapes do not agree, or a class lacks positives.
    """
    _check(train_x, train_y, test_x, test_y)
    most = int((train_y > 0).sum(0).min())
    if max(shots) > most:
        raise ValueError(
            f'{max(shots)} positives of each class are asked for, but a '
            f'class has {most} in training'
        )
    jobs = []
    for k in shots:
        for sample in range(samples):
            rng = np.random.default_rng((seed, k, sample))
            rows = [sample_few(labels, k, rng) for labels in train_y.T]
            jobs += [(rows, cost) for cost in costs]
    work = partial(_few, train_x, train_y, test_x, test_y)
    found = np.array(_map(work, jobs, workers))
    found = found.reshape(len(shots), samples, len(costs))
    best = found.mean(1).argmax(1)
    chosen = found[np.arange(len(shots)), :, best]
    return LowShotResult(
        tuple(shots),
        chosen.mean(1),
        chosen.std(1, ddof=1) if samples > 1 else np.zeros(len(shots)),
        np.array(costs)[best],
    )


def _few(train_x, train_y, test_x, test_y, job) -> float:
    """Mean AP over the classes."""
    rows, cost = job
    ap = []
    for own, labels, test in zip(rows, train_y.T, test_y.T, strict=True):
        model = linear_svm(cost).fit(train_x[own], labels[own])
        ap.append(interpolated_ap(test, model.decision_function(test_x)))
    return float(np.nanmean(ap))


def _map(work, items: list, workers: int) -> list:
    if workers == 1:
        return [work(item) for item in items]
    from joblib import Parallel, delayed

    return Parallel(workers)(delayed(work)(item) for item in items)


def _check(train_x, train_y, test_x, test_y) -> None:
    shapes = [np.shape(a) for a in (train_x, train_y, test_x, test_y)]
    if (
        any(len(shape) != 2 for shape in shapes)
        or shapes[0][0] != shapes[1][0]
        or shapes[2][0] != shapes[3][0]
        or shapes[0][1] != shapes[2][1]
        or shapes[1][1] != shapes[3][1]
    ):
        raise ValueError(
            'features (n, d) and labels (n, classes) of both sets must '
            f'agree, got {shapes}'
        )
