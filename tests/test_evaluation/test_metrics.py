# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.evaluation.extraction import FeatureSet
from mmssl.evaluation.functional import effective_rank
from mmssl.evaluation.metrics import (
    CollapseMetric,
    KNNMetric,
    LinearProbeMetric,
    LogisticProbeMetric,
)
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


def samples(features, labels):
    return [
        dict(sample_idx=i, feature=feature, label=label, path='')
        for i, (feature, label) in enumerate(
            zip(features, labels.tolist(), strict=True)
        )
    ]


@pytest.fixture
def bank():
    labels = torch.arange(30) % 3
    features = torch.eye(3)[labels] + 0.1 * torch.randn(30, 3)
    return FeatureSet(features, labels, torch.arange(30), [''] * 30)


@pytest.mark.parametrize(
    'metric',
    [
        KNNMetric(),
        KNNMetric(distance='cosine', weights='exp', prefix='weighted'),
        LinearProbeMetric(lr=0.1, epochs=30),
        LogisticProbeMetric(),
    ],
)
def test_accuracies_are_percentages_of_the_test_set(metric, bank):
    features, labels = torch.eye(3).repeat(2, 1), torch.arange(6) % 3
    labels[5] = 0  # looks like class 2
    metric.set_bank(bank)
    metric.process(None, samples(features[:4], labels[:4]))
    late = samples(features, labels)[4:]
    metric.process(None, late + late[-1:])  # a sampler repeated the last
    found = metric.evaluate(6)
    assert found == {
        f'{metric.prefix}/top1': pytest.approx(500 / 6),
        f'{metric.prefix}/top5': 100,
    }


def test_collapse_needs_neither_bank_nor_labels():
    features = torch.randn(20, 4)
    metric = CollapseMetric()
    metric.set_bank(None)
    metric.process(None, samples(features, torch.full((20,), -1)))
    found = metric.evaluate(20)
    assert found['collapse/healthy_std'] == 0.5
    assert 0.3 < found['collapse/feature_std'] <= 0.5
    assert found['collapse/effective_rank'] == pytest.approx(
        effective_rank(features)
    )


def test_a_missing_bank_says_where_to_set_it():
    with pytest.raises(UsageError, match='KNNMetric needs .*bank_dataloader'):
        KNNMetric().set_bank(None)


def test_missing_labels_are_counted(bank):
    unlabelled = bank._replace(labels=torch.full((30,), -1))
    with pytest.raises(UsageError, match='30 of 30 samples of the bank'):
        KNNMetric().set_bank(unlabelled)
    metric = KNNMetric()
    metric.set_bank(bank)
    metric.process(None, samples(torch.eye(3), torch.tensor([0, -1, 2])))
    with pytest.raises(UsageError, match='1 of 3 samples of the test'):
        metric.evaluate(3)


def test_a_metric_forgets_samples_and_bank_after_evaluating(bank):
    metric = KNNMetric()
    metric.set_bank(bank)
    metric.process(None, samples(torch.eye(3), torch.arange(3)))
    metric.evaluate(3)
    assert metric.results == [] and metric.bank is None


def test_metrics_are_registered():
    built = METRICS.build(dict(type='KNNMetric', k=7))
    assert isinstance(built, KNNMetric) and built.settings['k'] == 7
