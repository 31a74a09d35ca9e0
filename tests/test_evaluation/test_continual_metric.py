# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.evaluation.extraction import FeatureSet
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


def samples(**fields):
    count = len(next(iter(fields.values())))
    return [
        dict(
            {name: values[i] for name, values in fields.items()},
            label=i % 2,
            sample_idx=i,
        )
        for i in range(count)
    ]


def measured(settings, data):
    metric = METRICS.build(settings)
    metric.process(None, data)
    return metric.evaluate(len(data))


def test_purity_counts_the_clusters_in_use():
    scores = torch.eye(5)[[0, 1, 3, 1]]
    found = measured(dict(type='mmssl.ClusterPurity'), samples(scores=scores))
    assert found == {
        'cluster/purity': 100, 'cluster/components': 5, 'cluster/used': 3,
    }  # fmt: skip


def test_incremental_accuracies_are_percentages():
    settings = dict(type='mmssl.IncrementalClassAccuracy', tasks=[[0, 1], [2]])
    scores = torch.tensor([[0.3, 0.2, 0.5], [0.0, 1.0, 0.0]])
    found = measured(settings, samples(scores=scores))
    assert found == {'incremental/task': 100, 'incremental/class': 50}


def test_the_bound_is_averaged():
    bound = torch.tensor([[100.0, 1.0, 10.0], [200.0, 2.0, 30.0]])
    found = measured(dict(type='mmssl.EvidenceBound'), samples(bound=bound))
    assert found == {'bound/loss': 150, 'bound/kl_y': 1.5, 'bound/kl_z': 20}


def test_errors_of_several_k_come_from_one_search():
    metric = METRICS.build(dict(type='mmssl.LatentKNNError', k=(1, 3)))
    bank = torch.tensor([[0.0], [0.1], [0.2], [1.0]])
    labels = torch.tensor([0, 1, 1, 0])
    metric.set_bank(FeatureSet(bank, labels, torch.arange(4), [''] * 4))
    metric.process(None, samples(feature=torch.tensor([[0.0], [0.9]])))
    assert metric.evaluate(2) == {'knn/error_k1': 50, 'knn/error_k3': 50}
    with pytest.raises(ValueError, match='>= 1'):
        METRICS.build(dict(type='mmssl.LatentKNNError', k=()))


def test_a_model_without_scores_is_named():
    metric = METRICS.build(dict(type='mmssl.ClusterPurity'))
    with pytest.raises(UsageError, match='needs a tensor scores'):
        metric.process(None, samples(feature=torch.rand(2, 3)))
