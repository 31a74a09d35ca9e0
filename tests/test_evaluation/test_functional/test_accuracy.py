# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.evaluation.functional import rank_classes, topk_accuracy


def test_equal_scores_are_ranked_by_the_smaller_class():
    scores = torch.tensor([[0.0, 2.0, 1.0, 2.0]])
    assert rank_classes(scores, 3).tolist() == [[1, 3, 2]]


def test_accuracy_counts_the_label_among_the_first_k():
    ranked = torch.tensor([[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1]])
    labels = torch.tensor([0, 0, 1, 0])
    accuracy = topk_accuracy(ranked, labels, (1, 2, 5))
    assert accuracy == dict(top1=0.5, top2=0.75, top5=1.0)


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match='at least one sample'):
        topk_accuracy(torch.zeros(0, 3), torch.zeros(0))
