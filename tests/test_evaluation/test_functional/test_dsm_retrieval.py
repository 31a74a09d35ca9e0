# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Retrieval of videos is that of DSM's code."""

import torch
from golden import load_golden

from mmssl.evaluation.functional import retrieval_recall
from mmssl.evaluation.functional.knn import nearest


def recall(g, **changes):
    g = g | changes
    return retrieval_recall(
        g['test_feat'],
        g['test_label'],
        g['train_feat'],
        g['train_label'],
        g['k'].tolist(),
    )


def test_recall_and_order_are_the_authors():
    g = load_golden('dsm/retrieval.npz')
    found = nearest(g['test_feat'], g['train_feat'], 50, 'cosine').indices
    assert torch.equal(found, g['order'])
    assert torch.allclose(
        torch.tensor(list(recall(g).values()), dtype=torch.float64),
        g['recall'],
        atol=0,
        rtol=0,
    )


def test_recall_never_falls_with_k_and_an_absent_class_scores_nothing():
    g = load_golden('dsm/retrieval.npz')
    shares = list(recall(g).values())
    assert shares == sorted(shares)
    absent = g['test_label'][:1]
    assert absent not in g['train_label']
    only = recall(g, test_feat=g['test_feat'][:1], test_label=absent)
    assert set(only.values()) == {0.0}


def test_perfect_features_find_their_class_at_once():
    g = load_golden('dsm/retrieval.npz')
    classes = torch.eye(int(g['train_label'].max()) + 1)
    features = classes[g['train_label']]
    found = recall(
        g, train_feat=features, test_feat=features, test_label=g['train_label']
    )
    assert set(found.values()) == {1.0}
