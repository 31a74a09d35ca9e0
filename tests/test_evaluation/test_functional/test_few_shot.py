# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import load_golden

from mmssl.evaluation import FeatureSet
from mmssl.evaluation.functional import (
    confidence_interval,
    episode_confusion,
    few_shot,
    few_shot_classify,
)
from mmssl.models.algorithms.protonet import prototype_loss
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError

LABELS = torch.arange(8).repeat_interleave(20)


def noise(dim=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(len(LABELS), dim, generator=generator)


def classify(features, labels=LABELS, seed=0, **settings):
    generator = torch.Generator().manual_seed(seed)
    return few_shot_classify(features, labels, generator=generator, **settings)


def test_the_interval_is_the_authors():
    g = load_golden('ssl_fewshot/confidence_interval.npz')
    mean, half_width = confidence_interval(g['acc'])
    assert mean == pytest.approx(g['mean'].item(), rel=1e-12)
    assert half_width == pytest.approx(g['half_width'].item(), rel=1e-12)
    with pytest.raises(ValueError, match='at least one value'):
        confidence_interval(torch.empty(0))


def test_separate_clusters_are_all_found():
    features = noise() + 50 * torch.randn(8, 16)[LABELS]
    accuracy = classify(features, n_episodes=40, shot=5).accuracy
    assert (accuracy == 1).all()


def test_noise_is_classified_by_chance():
    # New noise for each episode: one fixed sample of it would be learned.
    accuracy = torch.cat(
        [
            classify(noise(seed=s), seed=s, n_episodes=1).accuracy
            for s in range(300)
        ]
    )
    mean, half_width = confidence_interval(accuracy)
    assert abs(mean - 0.2) < half_width


@pytest.mark.parametrize('shot', [1, 5])
def test_cached_features_give_what_every_episode_alone_gives(
    shot, monkeypatch
):
    monkeypatch.setattr(few_shot, 'BLOCK', 5000)  # several blocks
    features = noise() + torch.randn(8, 16)[LABELS]
    results = classify(features, n_episodes=50, shot=shot)
    for rows, predicted in zip(results.rows, results.predicted, strict=True):
        support, queries = features[rows].split([5 * shot, 75])
        _, logits = prototype_loss(support, queries, 5)
        assert torch.equal(logits.argmax(1), predicted)
    assert 0.3 < results.accuracy.mean() < 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match='n_episodes must be at least 1'):
        classify(noise(), n_episodes=0)
    with pytest.raises(ValueError, match='diverged'):
        classify(noise() / 0)
    with pytest.raises(UsageError, match='need 25'):
        classify(noise(), shot=10)


def test_the_metric_reports_percent_and_repeats():
    features = noise() + torch.randn(8, 16)[LABELS]
    test = FeatureSet(features, LABELS, torch.arange(160), [''] * 160)
    config = dict(type='FewShotAccuracy', n_episodes=60, shot=5)
    first, second = (METRICS.build(config).measure(test) for _ in range(2))
    assert first == second
    assert first['5way_5shot/n_episodes'] == 60
    expected = classify(features, n_episodes=60, shot=5).accuracy
    mean, half_width = confidence_interval(100 * expected)
    assert first['5way_5shot/accuracy'] == mean
    assert first['5way_5shot/ci95'] == half_width
    other = METRICS.build(dict(config, seed=1)).measure(test)
    assert other != first


def test_the_confusion_counts_every_query_once():
    features = noise() + torch.randn(8, 16)[LABELS]
    results = classify(features, n_episodes=30)
    matrix = episode_confusion(results, LABELS)
    assert matrix.shape == (8, 8) and matrix.sum() == 30 * 75
    right = results.accuracy.sum() * 75
    assert matrix.trace() == pytest.approx(right.item())
    # Labels of two classes exchanged: rows and columns move along.
    order = torch.tensor([1, 0, *range(2, 8)])
    moved = episode_confusion(results, order[LABELS])
    assert torch.equal(moved, matrix[order][:, order])
