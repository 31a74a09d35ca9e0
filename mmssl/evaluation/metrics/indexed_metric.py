# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The same number on one process and on many: each sample counts once."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric

from mmssl.evaluation.extraction import FeatureSet, gather, row
from mmssl.utils.errors import UsageError


class IndexedMetric(BaseMetric):
    """Collects a vector, the label and the index of each sample.

    MMEngine cuts what a sampler repeats off the end, which is right for its
    own sampler only; here repeated samples are dropped by their index.

    Args:
        prefix (str, optional): Before the names of the results.
    """

    needs_labels = True

    def __init__(self, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the feature, label and index of each sample."""
        self.results += [row(sample) for sample in data_samples]

    def evaluate(self, size: int) -> dict[str, float]:
        """Join all processes and compute once, on the first.

        Args:
            size (int): Samples of the test set.

        Returns:
            dict: Results with the prefix; the same on all processes.

        Raises:
            UsageError: Samples of the test set have no label.
        """
        test = gather(self.results, size)
        self.results.clear()
        metrics = [self.measure(test) if is_main_process() else None]
        broadcast_object_list(metrics)
        return metrics[0]

    def measure(self, test: FeatureSet) -> dict[str, float]:
        """Results, with the prefix, of what was collected before.

        Args:
            test (FeatureSet): Of all processes.

        Raises:
            UsageError: Samples have no label.
        """
        self._check_labels(test, 'test')
        values = self.compute_metrics(test)
        return {f'{self.prefix}/{name}': v for name, v in values.items()}

    def _check_labels(self, features: FeatureSet, name: str) -> None:
        missing = int((features.labels < 0).sum())
        if self.needs_labels and missing:
            raise UsageError(
                f'{type(self).__name__} needs labels, but {missing} of '
                f'{len(features.labels)} samples of the {name} data have '
                'none; set with_label=True in that data set, or remove the '
                'metric'
            )

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        """Results by name; each metric's own.

        Args:
            test (FeatureSet): Of all processes; MMEngine's base class hands
                over a list here.
        """
        raise NotImplementedError


def percent(accuracy: dict[str, float]) -> dict[str, float]:
    """Shares in [0, 1] as percentages."""
    return {name: 100 * value for name, value in accuracy.items()}
