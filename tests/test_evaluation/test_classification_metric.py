# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement
from sklearn.metrics import accuracy_score, top_k_accuracy_score
from two_processes import run_in_two_processes

from mmssl.evaluation.metrics import ClassificationMetric
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError

CLASSES = 7


def draw(count):
    """Scores (count, classes) of two heads, and labels that head b likes."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % CLASSES
    scores = dict(
        a=torch.randn(count, CLASSES, generator=generator),
        b=torch.randn(count, CLASSES, generator=generator),
    )
    scores['b'][range(count), labels] += 1.5
    return scores, labels


def samples(scores, labels, rows):
    return [
        dict(
            sample_idx=i,
            label=int(labels[i]),
            scores={head: value[i] for head, value in scores.items()},
        )
        for i in rows
    ]


def test_accuracies_of_each_head_are_scikit_learns():
    scores, labels = draw(40)
    evaluator = Evaluator(ClassificationMetric(topk=(1, 3)))
    for rows in (range(25), range(25, 40)):
        batch = samples(scores, labels, rows)
        evaluator.process([BaseDataElement(**fields) for fields in batch])
    found = evaluator.evaluate(40)
    assert set(found) == {
        f'accuracy/{head}_top{k}' for head in 'ab' for k in (1, 3)
    }
    for head, value in scores.items():
        value = value.numpy()
        top1 = accuracy_score(labels, value.argmax(1))
        top3 = top_k_accuracy_score(
            labels, value, k=3, labels=np.arange(CLASSES)
        )
        assert found[f'accuracy/{head}_top1'] == pytest.approx(100 * top1)
        assert found[f'accuracy/{head}_top3'] == pytest.approx(100 * top3)
    assert found['accuracy/b_top1'] > found['accuracy/a_top1']


def test_a_single_head_needs_no_name():
    metric = METRICS.build(dict(type='ClassificationMetric', prefix='probe'))
    metric.process(None, [dict(label=2, scores=torch.tensor([0.0, 1, 3]))])
    metric.process(None, [dict(label=0, scores=dict(cls=torch.eye(3)[1]))])
    assert metric.evaluate(2) == {'probe/top1': 50, 'probe/top5': 100}
    assert metric.results == []


def test_samples_that_a_sampler_repeats_count_once():
    scores, labels = draw(4)
    once, padded = ClassificationMetric(), ClassificationMetric()
    for metric, rows in ((once, [0, 1, 2, 3]), (padded, [3, 0, 2, 0, 1, 3])):
        metric.process(None, samples(scores, labels, rows))
    assert once.evaluate(4) == padded.evaluate(4)


def evaluate_share(rank):
    scores, labels = draw(9)
    rows = [*range(9), 0][rank::2]  # as a sampler pads ten places
    metric = ClassificationMetric()
    metric.process(None, samples(scores, labels, rows))
    return metric.evaluate(9)


def test_two_processes_give_what_one_gives():
    scores, labels = draw(9)
    metric = ClassificationMetric()
    metric.process(None, samples(scores, labels, range(9)))
    one = metric.evaluate(9)
    assert run_in_two_processes(evaluate_share) == [one, one]


def test_samples_without_scores_or_labels_are_refused():
    metric = ClassificationMetric()
    with pytest.raises(UsageError, match='needs scores in every data sample'):
        metric.process(None, [dict(label=0)])
    metric.process(None, [dict(sample_idx=0, scores=torch.ones(3))])
    with pytest.raises(UsageError, match='1 of 1 samples of the test data'):
        metric.evaluate(1)
    with pytest.raises(ValueError, match='topk needs numbers >= 1'):
        ClassificationMetric(topk=())
