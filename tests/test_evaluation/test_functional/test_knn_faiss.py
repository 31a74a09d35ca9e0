# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Candidates of faiss are ranked like our own, whoever found them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmssl.evaluation.functional import knn, nearest


def plain_knn(queries, bank, k, metric):
    """What ``faiss.knn`` returns."""
    if metric == 'ip':
        scores = queries @ bank.T
        order = np.argsort(-scores, axis=1)[:, :k]
    else:
        scores = ((queries[:, None] - bank) ** 2).sum(2)
        order = np.argsort(scores, axis=1)[:, :k]
    return np.take_along_axis(scores, order, 1), order


@pytest.mark.parametrize('distance', ['cosine', 'euclidean'])
def test_faiss_and_our_own_search_agree(distance, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    bank = 3 + torch.randn(300, 12, generator=generator)
    queries = 3 + torch.randn(40, 12, generator=generator)
    monkeypatch.setattr(knn, '_faiss', lambda: None)
    expected = nearest(queries, bank, 7, distance)
    calls = []
    module = SimpleNamespace(
        METRIC_L2='l2',
        METRIC_INNER_PRODUCT='ip',
        knn=lambda q, b, k, metric: (
            calls.append(len(b)) or plain_knn(q, b, k, metric)
        ),
    )
    monkeypatch.setattr(knn, '_faiss', lambda: module)
    monkeypatch.setattr(knn, 'FAISS_BLOCK', 128)
    found = nearest(queries, bank, 7, distance)
    assert calls == [128, 128, 44]
    assert torch.equal(found.indices, expected.indices)
    assert torch.equal(found.values, expected.values)
    nearest(queries.double(), bank.double(), 7, distance)
    assert len(calls) == 3  # double precision is ours
