# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The SVM protocol of VOC07 against recorded values and its rules."""

import numpy as np
import pytest
from golden import load_golden

from mmssl.evaluation.functional import (
    classify_low_shot,
    classify_multilabel,
    interpolated_ap,
    normalize_features,
)
from mmssl.evaluation.functional.svm import COSTS, linear_svm, sample_few


def test_scaling_costs_and_precision_are_the_authors():
    g = {k: v.numpy() for k, v in load_golden('orl/svm_ap.npz').items()}
    assert abs(normalize_features(g['feat']) - g['feat_norm']).max() < 1e-12
    assert sorted(COSTS) == sorted(g['costs'].tolist())
    for targets, scores, ap in zip(
        g['targets'], g['scores'], g['ap'], strict=True
    ):
        assert abs(interpolated_ap(targets, scores) - ap) < 1e-12
    single = normalize_features(g['feat'].astype(np.float32))
    assert single.dtype == np.float32
    assert abs(single - g['feat_norm']).max() < 1e-6


def test_average_precision_of_known_orders():
    scores = np.array([4.0, 3, 2, 1])
    assert interpolated_ap(np.array([1, 1, -1, -1]), scores) == 1
    assert interpolated_ap(np.array([-1, 1, -1, 1]), scores) == 0.5
    # What is marked difficult is left out.
    assert interpolated_ap(np.array([0, 1, -1, 1]), scores) == pytest.approx(
        5 / 6
    )
    assert np.isnan(interpolated_ap(np.array([-1, 0, -1, -1]), scores))


def test_the_settings_are_those_of_the_protocol():
    model = linear_svm(0.5).get_params()
    expected = dict(
        C=0.5, class_weight={1: 2, -1: 1}, penalty='l2', dual=True,
        loss='squared_hinge', tol=1e-4, max_iter=2000,
    )  # fmt: skip
    assert {key: model[key] for key in expected} == expected


def planted(seed, n=90, classes=3):
    """Features whose first numbers say which classes are there."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((n, classes)) < 0.3, 1, -1)
    noise = 0.3 * rng.standard_normal((n, classes + 5))
    noise[:, :classes] += labels
    return normalize_features(noise), labels


def test_planted_classes_are_found_and_random_ones_are_not():
    train, test = planted(0), planted(1)
    costs = (1.0, 0.5**4)
    found = classify_multilabel(*train, *test, costs=costs)
    assert found.mean_ap > 0.95
    assert set(found.cost) <= set(costs)
    both = classify_multilabel(*train, *test, costs=costs, workers=2)
    assert np.array_equal(found.ap, both.ap)
    noise = np.random.default_rng(2).standard_normal((90, 8))
    random = classify_multilabel(noise, train[1], noise, test[1], costs=costs)
    assert random.mean_ap < 0.6


def test_difficult_ones_train_as_negatives_and_are_not_tested():
    (train_x, train_y), (test_x, test_y) = planted(0), planted(1)
    difficult = train_y.copy()
    difficult[train_y[:, 0] < 0, 0] = 0
    one = classify_multilabel(train_x, train_y, test_x, test_y, (1.0,))
    other = classify_multilabel(train_x, difficult, test_x, test_y, (1.0,))
    assert np.array_equal(one.ap, other.ap)
    hidden = test_y.copy()
    hidden[test_y > 0] = 0
    hidden[:, 1:] = test_y[:, 1:]
    third = classify_multilabel(train_x, train_y, test_x, hidden, (1.0,))
    assert np.isnan(third.ap[0]) and np.array_equal(third.ap[1:], one.ap[1:])


def test_few_shots_have_nineteen_negatives_each_and_get_better():
    labels = np.array([1] * 10 + [0] * 5 + [-1] * 200)
    rows = sample_few(labels, 4, np.random.default_rng(0))
    assert (labels[rows] == 1).sum() == 4 and (labels[rows] == -1).sum() == 76
    train, test = planted(0, 400), planted(1)
    found = classify_low_shot(*train, *test, (1, 16), 3, (1.0, 0.5**4))
    assert found.mean[1] > found.mean[0] and found.mean[1] > 0.9
    again = classify_low_shot(*train, *test, (1, 16), 3, (1.0, 0.5**4))
    assert np.array_equal(found.mean, again.mean)
    assert found.std.shape == (2,)


def test_what_does_not_fit_is_refused():
    (x, y), (test_x, test_y) = planted(0), planted(1)
    with pytest.raises(ValueError, match='must agree'):
        classify_multilabel(x[1:], y, test_x, test_y)
    with pytest.raises(ValueError, match='a class has .* in training'):
        classify_low_shot(x, y, test_x, test_y, (90,))
    with pytest.raises(ValueError, match='no class has 3 pictures'):
        classify_multilabel(x, -np.ones_like(y), test_x, test_y)
