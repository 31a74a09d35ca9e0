# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Metrics of features, as an evaluator of MMEngine calls them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmssl.evaluation.extraction import FeatureSet
from mmssl.evaluation.functional import (
    effective_rank,
    feature_std,
    knn_classify,
    linear_probe,
    logistic_probe,
    retrieval_recall,
    topk_accuracy,
)
from mmssl.evaluation.metrics.indexed_metric import IndexedMetric, percent
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


class FeatureMetric(IndexedMetric):
    """Compares the features of the test set with those of a bank.

    ``FeatureValLoop`` and ``FeatureTestLoop`` hand every metric the same
    bank, the features of a labelled training set.

    Args:
        prefix (str, optional): Before the names of the results.
    """

    needs_bank = True

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix)
        self.bank: FeatureSet | None = None

    def set_bank(self, bank: FeatureSet | None) -> None:
        """Take the labelled features that test features are compared with.

        Raises:
            UsageError: The metric needs a bank and there is none, or the
                bank lacks labels.
        """
        if self.needs_bank and bank is None:
            raise UsageError(
                f'{type(self).__name__} needs the features of a labelled '
                'training set; set bank_dataloader in '
                "val_cfg=dict(type='FeatureValLoop', ...) or "
                "test_cfg=dict(type='FeatureTestLoop', ...)"
            )
        self.bank = bank
        if self.needs_bank:
            self._check_labels(bank, 'bank')

    def evaluate(self, size: int) -> dict[str, float]:
        """As the parent; then forget the bank."""
        metrics = super().evaluate(size)
        self.bank = None  # other weights give other features
        return metrics


def _on_device(features: FeatureSet) -> tuple[Tensor, Tensor]:
    """Features and labels where the computing is fastest."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    return features.features.to(device), features.labels.to(device)


@METRICS.register_module()
class KNNMetric(FeatureMetric):
    """Accuracy (percent) of k-NN classification by the bank's labels.

    Defaults are W-MSE's; the usual weighted form is ``k=20 or 200,
    distance='cosine', weights='exp', temperature=0.07``.  Results: ``top1``
    and ``top5``.

    Args:
        k (int): Neighbours; at most the size of the bank.
        distance (str): 'euclidean' on raw features, or 'cosine'.
        weights (str): 'uniform' (majority) or 'exp' (needs 'cosine').
        temperature (float): Divisor of similarities for 'exp'.
        prefix (str, optional): Before the names; defaults to 'knn'.
    """

    default_prefix = 'knn'

    def __init__(
        self,
        k: int = 5,
        distance: str = 'euclidean',
        weights: str = 'uniform',
        temperature: float = 0.07,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        self.settings = dict(
            k=k, distance=distance, weights=weights, temperature=temperature
        )

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        ranked = knn_classify(
            test.features,
            self.bank.features,
            self.bank.labels,
            device=device,
            **self.settings,
        )
        return percent(topk_accuracy(ranked, test.labels))


@METRICS.register_module()
class VideoRetrievalMetric(FeatureMetric):
    """Recall (percent) of finding the class among the nearest of the bank.

    Test videos ask, training videos answer, by cosine: R@k is the share of
    queries with at least one video of their class among the k nearest.
    Results: ``R@1`` and so on.  The usual features are means over 10 clips
    (``average_views=True`` of the loop).

    Args:
        topk (Sequence[int]): The k wanted.
        prefix (str, optional): Before the names; defaults to 'retrieval'.
    """

    default_prefix = 'retrieval'

    def __init__(
        self,
        topk: Sequence[int] = (1, 5, 10, 20, 50),
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        self.topk = tuple(topk)

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        recall = retrieval_recall(
            test.features,
            test.labels,
            self.bank.features,
            self.bank.labels,
            self.topk,
        )
        return percent(recall)


@METRICS.register_module()
class LinearProbeMetric(FeatureMetric):
    """Accuracy (percent) of W-MSE's linear probe trained on the bank.

    Results: ``top1`` and ``top5``.  The arguments are those of
    :func:`mmssl.evaluation.functional.linear_probe`.

    Args:
        epochs (int): Passes over the bank.
        lr (float): First learning rate of Adam.
        lr_end (float): Last learning rate.
        weight_decay (float): L2 coefficient.
        batch_size (int): Rows a step.
        seed (int): Of initial weights and permutations.
        prefix (str, optional): Before the names; defaults to 'linear'.
    """

    default_prefix = 'linear'

    def __init__(
        self,
        epochs: int = 500,
        lr: float = 1e-2,
        lr_end: float = 1e-6,
        weight_decay: float = 5e-6,
        batch_size: int = 1000,
        seed: int = 0,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        self.seed = seed
        self.settings = dict(
            epochs=epochs,
            lr=lr,
            lr_end=lr_end,
            weight_decay=weight_decay,
            batch_size=batch_size,
        )

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        result = linear_probe(
            *_on_device(self.bank),
            *_on_device(test),
            generator=torch.Generator().manual_seed(self.seed),
            **self.settings,
        )
        return percent(result.accuracy)


@METRICS.register_module()
class LogisticProbeMetric(FeatureMetric):
    """Accuracy (percent) of multinomial logistic regression (L-BFGS).

    Results: ``top1`` and ``top5``.

    Args:
        max_iter (int): Iterations at most.
        C (float): Inverse strength of the L2 penalty.
        prefix (str, optional): Before the names; defaults to 'logistic'.
    """

    default_prefix = 'logistic'

    def __init__(
        self, max_iter: int = 1000, C: float = 1.0, prefix: str | None = None
    ) -> None:
        super().__init__(prefix)
        self.settings = dict(max_iter=max_iter, C=C)

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        result = logistic_probe(
            self.bank.features,
            self.bank.labels,
            test.features,
            test.labels,
            **self.settings,
        )
        return percent(result.accuracy)


@METRICS.register_module()
class CollapseMetric(FeatureMetric):
    """Spread of the test features; needs neither bank nor labels.

    Results: ``feature_std`` (healthy near ``healthy_std`` = 1/sqrt(c), 0 is
    collapse) and ``effective_rank`` (1 to c).

    Args:
        prefix (str, optional): Before the names; defaults to 'collapse'.
    """

    default_prefix = 'collapse'
    needs_bank = needs_labels = False

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        return dict(
            feature_std=feature_std(test.features),
            healthy_std=test.features.shape[1] ** -0.5,
            effective_rank=effective_rank(test.features),
        )
