# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import load_golden

from mmssl.evaluation.functional import (
    confusion_matrix,
    incremental_accuracy,
    knn_error,
    nearest,
    purity,
    vote,
)

ERRORS = {3: 'acc_3nn', 5: 'acc_5nn', 10: 'acc_10nn'}


def test_confusion_and_purity_are_the_authors():
    g = load_golden('curl/metrics.npz')
    size = g['n_y'].item()
    confusion = confusion_matrix(g['labels'], g['clusters'], size, size)
    assert torch.equal(confusion, g['confusion'])
    assert purity(confusion) == pytest.approx(g['purity'].item(), abs=1e-12)


def test_nearest_neighbours_vote_as_the_authors():
    g = load_golden('curl/metrics.npz')
    bank, labels = g['latents_train'], g['labels_train']
    errors = knn_error(g['latents_test'], g['labels_test'], bank, labels)
    for k, name in ERRORS.items():
        assert errors[k] == pytest.approx(1 - g[name].item(), abs=1e-12)
        found = nearest(g['latents_test'], bank, k)
        predicted = vote(found, labels, top=1)[:, 0]
        assert torch.equal(predicted, g[f'pred_{k}nn'])


def test_purity_of_the_truth_and_of_chance():
    labels = torch.arange(10).repeat_interleave(1000)
    assert purity(confusion_matrix(labels, labels)) == 1
    split = labels * 2 + torch.arange(10_000) % 2  # several clusters a class
    assert purity(confusion_matrix(labels, split)) == 1
    one = torch.zeros_like(labels)
    assert purity(confusion_matrix(labels, one)) == pytest.approx(0.1)
    chance = torch.randint(10, (10_000,))
    assert 0.1 <= purity(confusion_matrix(labels, chance)) < 0.13


def test_a_known_task_makes_the_choice_smaller():
    scores = torch.tensor(
        [[0.1, 0.2, 0.7, 0.0], [0.0, 0.1, 0.2, 0.7], [0.2, 0.6, 0.1, 0.1]]
    )
    labels = torch.tensor([1, 3, 0])
    task, any_class = incremental_accuracy(scores, labels, [(0, 1), (2, 3)])
    assert (task, any_class) == pytest.approx((2 / 3, 1 / 3))


def test_bad_input_is_named():
    labels = torch.tensor([0, 3])
    with pytest.raises(ValueError, match='one cluster a label'):
        confusion_matrix(labels, labels[:1])
    with pytest.raises(ValueError, match=r'clusters must be in \[0, 2\)'):
        confusion_matrix(labels, labels, n_clusters=2)
    for tasks in ([(0, 1)], [(0, 3), (3, 1)]):
        with pytest.raises(ValueError, match='each class once'):
            incremental_accuracy(torch.rand(2, 4), labels, tasks)
