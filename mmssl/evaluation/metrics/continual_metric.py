# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Metrics of mixtures, and of latents learned from a stream."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmssl.evaluation.extraction import FeatureSet, row
from mmssl.evaluation.functional import (
    confusion_matrix,
    incremental_accuracy,
    knn_error,
    purity,
)
from mmssl.evaluation.metrics.feature_metric import FeatureMetric
from mmssl.evaluation.metrics.indexed_metric import IndexedMetric
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


class FieldMetric(IndexedMetric):
    """Collects a vector of every data sample other than its feature."""

    field = 'scores'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the field of each sample.

        Raises:
            UsageError: A sample lacks it.
        """
        for sample in data_samples:
            value = sample.get(self.field)
            if not isinstance(value, Tensor):
                raise UsageError(
                    f'{type(self).__name__} needs a tensor {self.field} in '
                    'every data sample, which models such as CURL give; '
                    'remove the metric, or use another model'
                )
            self.results.append(row(dict(sample, feature=value)))


@METRICS.register_module()
class ClusterPurity(FieldMetric):
    """Purity (percent) of the clusters of the largest score.

    Results: ``purity``, ``components``, the number of clusters there are, and
    ``used``, the number of those that any sample is assigned to.

    Args:
        prefix (str, optional): Before the names; defaults to 'cluster'.
    """

    default_prefix = 'cluster'

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        confusion = confusion_matrix(test.labels, test.features.argmax(1))
        return dict(
            purity=100 * purity(confusion),
            components=float(test.features.shape[1]),
            used=float((confusion.sum(0) > 0).sum()),
        )


@METRICS.register_module()
class IncrementalClassAccuracy(FieldMetric):
    """Accuracies (percent) of a classifier trained class by class.

    Results: ``task`` (the sample's task is known) and ``class`` (it is not).

    Args:
        tasks (Sequence[Sequence[int]]): Classes of each task.
        prefix (str, optional): Before the names; defaults to 'incremental'.
    """

    default_prefix = 'incremental'

    def __init__(
        self, tasks: Sequence[Sequence[int]], prefix: str | None = None
    ) -> None:
        super().__init__(prefix)
        self.tasks = [list(task) for task in tasks]

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        task, any_class = incremental_accuracy(
            test.features, test.labels, self.tasks
        )
        return {'task': 100 * task, 'class': 100 * any_class}


@METRICS.register_module()
class EvidenceBound(FieldMetric):
    """Means over the test set: negative bound, KL of y and of z, in nats.

    Results: ``loss``, ``kl_y``, ``kl_z``.

    Args:
        prefix (str, optional): Before the names; defaults to 'bound'.
    """

    default_prefix = 'bound'
    field = 'bound'
    needs_labels = False

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        means = test.features.double().mean(0).tolist()
        return dict(zip(('loss', 'kl_y', 'kl_z'), means, strict=True))


@METRICS.register_module()
class LatentKNNError(FeatureMetric):
    """Error (percent) of k-NN classification of features, for several k.

    Euclidean distance, equal votes, ties to the smaller label.  Results:
    ``error_k3`` and so on.

    Args:
        k (Sequence[int]): Neighbours.
        prefix (str, optional): Before the names; defaults to 'knn'.
    """

    default_prefix = 'knn'

    def __init__(
        self, k: Sequence[int] = (3, 5, 10), prefix: str | None = None
    ) -> None:
        super().__init__(prefix)
        if not k or min(k) < 1:
            raise ValueError(f'k needs numbers >= 1, got {k}')
        self.k = tuple(k)

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        errors = knn_error(
            test.features.to(device),
            test.labels.to(device),
            self.bank.features.to(device),
            self.bank.labels.to(device),
            self.k,
        )
        return {f'error_k{k}': 100 * value for k, value in errors.items()}
