# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Accuracy of trained classifiers, of one head or of several."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from mmssl.evaluation.extraction import FeatureSet, row
from mmssl.evaluation.functional import rank_classes, topk_accuracy
from mmssl.evaluation.metrics.indexed_metric import IndexedMetric, percent
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


@METRICS.register_module()
class ClassificationMetric(IndexedMetric):
    """Top-k accuracy (percent) of the scores that a classifier predicts.

    Every data sample has ``scores``: (classes,) of one head, or a dict of
    such by head, as ``ImageClassifier`` gives them.  Equal scores are
    ranked by the smaller class.  Results: ``top1`` and ``top5`` of a single
    head; ``stage1_top1`` and so on of several.

    Args:
        topk (Sequence[int]): The k wanted.
        prefix (str, optional): Before the names; defaults to 'accuracy'.
    """

    default_prefix = 'accuracy'

    def __init__(
        self, topk: Sequence[int] = (1, 5), prefix: str | None = None
    ) -> None:
        super().__init__(prefix)
        if not topk or min(topk) < 1:
            raise ValueError(f'topk needs numbers >= 1, got {topk}')
        self.topk = tuple(topk)
        self._heads: list[str] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the best classes of each sample, (heads, max(topk)).

        Raises:
            UsageError: A sample has no scores.
        """
        for sample in data_samples:
            scores = sample.get('scores')
            if scores is None:
                raise UsageError(
                    'ClassificationMetric needs scores in every data sample; '
                    "the model gives none: use 'ImageClassifier', or a "
                    'metric of features'
                )
            if not isinstance(scores, Mapping):
                scores = dict(cls=scores)
            self._heads = list(scores)
            ranked = rank_classes(
                torch.stack(list(scores.values())).cpu(), max(self.topk)
            )
            # A float32 holds every class number exactly, up to 2**24.
            self.results.append(row(dict(sample, feature=ranked)))

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        ranked = test.features.long()
        found = {}
        for place, head in enumerate(self._heads):
            values = topk_accuracy(ranked[:, place], test.labels, self.topk)
            prefix = f'{head}_' if len(self._heads) > 1 else ''
            found |= {f'{prefix}{k}': v for k, v in percent(values).items()}
        return found
