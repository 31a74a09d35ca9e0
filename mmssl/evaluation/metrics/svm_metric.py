# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SVMs on the features of pictures that show several classes."""

from collections.abc import Sequence

import numpy as np

from mmssl.evaluation.extraction import FeatureSet
from mmssl.evaluation.functional import (
    classify_low_shot,
    classify_multilabel,
    frequent_classes,
    normalize_features,
)
from mmssl.evaluation.functional.svm import COSTS, SHOTS
from mmssl.evaluation.metrics.feature_metric import FeatureMetric
from mmssl.registry import METRICS
from mmssl.utils.errors import UsageError


class _SVMMetric(FeatureMetric):
    """Features of unit length and labels of the frequent classes.

    Args:
        least (int): Leave out classes that fewer pictures of the bank or of
            the test set show.
        costs (Sequence[float]): Of the SVMs, to choose from.
        workers (int): Processes.
        prefix (str, optional): Before the names; defaults to 'svm'.
    """

    default_prefix = 'svm'

    def __init__(
        self,
        least: int = 3,
        costs: Sequence[float] = COSTS,
        workers: int = 1,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix)
        self.least = least
        self.settings = dict(costs=tuple(costs), workers=workers)

    def _check_labels(self, features: FeatureSet, name: str) -> None:
        if features.labels.ndim != 2:
            raise UsageError(
                f'{type(self).__name__} needs to know of each picture of the '
                f'{name} data which classes it shows; take the data set '
                'ImageCoco with with_label=True'
            )

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        sets = self.bank, test
        try:
            often = frequent_classes(
                *(part.labels.numpy() for part in sets), self.least
            )
            data = []
            for part in sets:
                features = normalize_features(part.features.numpy())
                data += [features, part.labels.numpy()[:, often]]
            return self._classify(data, often)
        except ValueError as error:
            raise UsageError(f'{type(self).__name__}: {error}') from error

    def _classify(
        self, data: list[np.ndarray], often: np.ndarray
    ) -> dict[str, float]:
        """Results, percent.

        Args:
            data (list[ndarray]): Features and labels of the bank, then of
                the test set.
            often (ndarray): Which classes these are.

        Raises:
            ValueError: They cannot be classified.
        """
        raise NotImplementedError


@METRICS.register_module()
class VOC07SVM(_SVMMetric):
    """Mean average precision (percent) of linear SVMs on the whole bank.

    See :func:`mmssl.evaluation.functional.classify_multilabel`; the features
    are those of the stage 'corners' as published.  Results: ``mAP``, and
    ``AP bird`` and so on where the test data name their classes.

    Args:
        folds (int): Of the cross-validation that chooses a class's cost.
        **kwargs: ``least``, ``costs``, ``workers`` and ``prefix``.
    """

    def __init__(self, folds: int = 3, **kwargs) -> None:
        super().__init__(**kwargs)
        self.settings['folds'] = folds

    def _classify(
        self, data: list[np.ndarray], often: np.ndarray
    ) -> dict[str, float]:
        found = classify_multilabel(*data, **self.settings)
        results = dict(mAP=100 * found.mean_ap)
        names = (self.dataset_meta or {}).get('classes')
        if names:
            for place, ap in zip(often.nonzero()[0], found.ap, strict=True):
                results[f'AP {names[place]}'] = 100 * float(ap)
        return results


@METRICS.register_module()
class LowShotSVM(_SVMMetric):
    """The same with k positives and 19 k negatives of each class.

    See :func:`mmssl.evaluation.functional.classify_low_shot`.  Results:
    ``4-shot mAP`` and ``4-shot std`` (over the samples) and so on, percent.

    Args:
        shots (Sequence[int]): The k wanted.
        samples (int): Random choices for each k.
        seed (int): Of the choices.
        **kwargs: ``least``, ``costs``, ``workers`` and ``prefix``.
    """

    def __init__(
        self,
        shots: Sequence[int] = SHOTS,
        samples: int = 5,
        seed: int = 0,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.settings.update(shots=tuple(shots), samples=samples, seed=seed)

    def _classify(
        self, data: list[np.ndarray], often: np.ndarray
    ) -> dict[str, float]:
        few = classify_low_shot(*data, **self.settings)
        results = {}
        for k, mean, std in zip(few.shots, few.mean, few.std, strict=True):
            results[f'{k}-shot mAP'] = 100 * float(mean)
            results[f'{k}-shot std'] = 100 * float(std)
        return results
