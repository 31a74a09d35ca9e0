# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.evaluation import FeatureSet
from mmssl.evaluation.functional import nearest, retrieval_recall, vote
from mmssl.evaluation.metrics import VideoRetrievalMetric


def test_recall_and_order_are_those_of_the_code_of_dsm():
    g = load_golden('rho/retrieval.npz')
    topk = g['k'].tolist()
    found = nearest(
        g['test_feat'], g['train_feat'], max(topk), 'cosine'
    ).indices
    assert torch.equal(found, g['order'])
    recall = retrieval_recall(
        g['test_feat'], g['test_label'], g['train_feat'], g['train_label'],
        topk,
    )  # fmt: skip
    assert [recall[f'R@{k}'] for k in topk] == g['recall'].tolist()
    assert not (g['train_label'] == g['test_label'][0]).any()


def test_perfect_features_find_their_class_at_once():
    labels = torch.arange(6) % 3
    features = torch.eye(3)[labels] + 0.01 * torch.rand(6, 3)
    recall = retrieval_recall(features, labels, features, labels, (1, 5))
    assert recall == {'R@1': 1.0, 'R@5': 1.0}


def test_recall_never_falls_with_k():
    labels = torch.arange(40) % 10
    recall = retrieval_recall(
        torch.randn(40, 4), labels, torch.randn(40, 4), labels, (1, 5, 10, 20)
    )
    values = list(recall.values())
    assert values == sorted(values)


def test_a_gallery_smaller_than_k_is_refused():
    with pytest.raises(ValueError, match='between 1 and the 3 rows'):
        labels = torch.zeros(3, dtype=torch.long)
        retrieval_recall(torch.eye(3), labels, torch.eye(3), labels, (5,))


def test_the_metric_gives_percentages():
    metric = VideoRetrievalMetric(topk=(1, 2))
    labels = torch.tensor([0, 1, 0, 1])
    features = FeatureSet(
        torch.eye(4)[[0, 1, 0, 0]], labels, torch.arange(4), [''] * 4
    )
    metric.set_bank(features)
    results = metric.measure(features)
    assert set(results) == {'retrieval/R@1', 'retrieval/R@2'}
    assert results['retrieval/R@1'] == 75.0


def test_weighted_votes_are_those_of_the_code_of_rho():
    g = load_golden('rho/knn_vote.npz')
    k, temperature = int(g['K']), g['T'].item()
    found = nearest(g['queries'], g['bank'], k, 'cosine')
    assert torch.equal(found.indices, g['top_idx'])
    ranked = vote(
        found, g['bank_labels'], weights='exp', temperature=temperature
    )
    assert torch.equal(ranked[:, 0], g['pred'])
    ballots = (found.values / temperature).exp()
    scores = torch.zeros_like(g['scores'])
    scores.scatter_add_(1, g['bank_labels'][found.indices], ballots)
    assert_golden(scores, g['scores'], 1e-10)
