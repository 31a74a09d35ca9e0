# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The registered SVMs give what the functions give, in percent."""

import numpy as np
import pytest
import torch

from mmssl.evaluation.extraction import FeatureSet
from mmssl.evaluation.functional import (
    classify_low_shot,
    classify_multilabel,
    normalize_features,
)
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError

COSTS = [1.0, 0.1]


def scenes(count, seed):
    """Features that know two of three classes; the third is rare."""
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random((count, 3)) < 0.4, 1, -1)
    labels[2:, 2] = -1
    labels[0] = 1, 0, 1
    features = rng.normal(size=(count, 6)) + np.pad(labels, [(0, 0), (0, 3)])
    return FeatureSet(
        torch.from_numpy(features).float(),
        torch.from_numpy(labels),
        torch.arange(count),
        [''] * count,
    )


def samples(found):
    return [
        dict(sample_idx=i, feature=feature, label=label.tolist())
        for i, (feature, label) in enumerate(
            zip(found.features, found.labels, strict=True)
        )
    ]


def evaluated(metric, bank, test):
    metric.set_bank(bank)
    metric.process(None, samples(test))
    return metric.evaluate(len(test.labels))


@pytest.fixture
def data():
    return scenes(60, 0), scenes(50, 1)


def arrays(data):
    return [
        array
        for part in data
        for array in (
            normalize_features(part.features.numpy()),
            part.labels.numpy()[:, :2],
        )
    ]


def test_all_labels(data):
    metric = METRICS.build(dict(type='VOC07SVM', costs=COSTS))
    metric.dataset_meta = dict(classes=('cat', 'dog', 'rare'))
    found = evaluated(metric, *data)
    wanted = classify_multilabel(*arrays(data), costs=COSTS)
    cat, dog = (100 * wanted.ap).tolist()
    assert found == {
        'svm/mAP': pytest.approx((cat + dog) / 2),
        'svm/AP cat': pytest.approx(cat),
        'svm/AP dog': pytest.approx(dog),
    }
    assert found['svm/mAP'] > 70


def test_few_labels(data):
    cfg = dict(type='LowShotSVM', shots=[1, 4], samples=2, costs=COSTS)
    found = evaluated(METRICS.build(cfg), *data)
    wanted = classify_low_shot(*arrays(data), [1, 4], 2, COSTS)
    means = [found[f'svm/{k}-shot mAP'] for k in (1, 4)]
    assert means == pytest.approx(100 * wanted.mean)
    assert found['svm/4-shot std'] == pytest.approx(100 * wanted.std[1])


def test_what_cannot_be_classified_is_refused(data):
    bank, test = data
    single = bank._replace(labels=bank.labels[:, 0])
    metric = METRICS.build(dict(type='VOC07SVM', costs=COSTS))
    with pytest.raises(UsageError, match='bank data which classes it shows'):
        metric.set_bank(single)
    with pytest.raises(UsageError, match='labels of 3 classes, the test of 2'):
        evaluated(metric, bank, test._replace(labels=test.labels[:, :2]))
    rare = METRICS.build(dict(type='VOC07SVM', least=51))
    with pytest.raises(UsageError, match='no class is shown by 51 pictures'):
        evaluated(rare, *data)
    few = METRICS.build(dict(type='LowShotSVM', shots=[50], costs=COSTS))
    with pytest.raises(UsageError, match='50 positives of each class'):
        evaluated(few, *data)
