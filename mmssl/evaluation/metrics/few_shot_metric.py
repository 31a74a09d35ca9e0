# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Few-shot accuracy of any backbone, from features extracted once."""

import torch

from mmssl.evaluation.extraction import FeatureSet
from mmssl.evaluation.functional import (
    EpisodeResults,
    confidence_interval,
    few_shot_classify,
)
from mmssl.evaluation.metrics.feature_metric import FeatureMetric
from mmssl.registry import METRICS
from mmssl.utils.episodes import EpisodeShape


@METRICS.register_module()
class FewShotAccuracy(FeatureMetric):
    """Accuracy of the nearest prototype over random episodes.

    No weight is trained, so the features of all methods can be compared.
    Results: ``accuracy`` (percent), ``ci95`` (points, half the width of the
    95 % interval of the mean) and ``n_episodes``.

    Args:
        n_episodes (int): Usual: 600, 2,000 or 10,000.
        way (int): Classes of an episode.
        shot (int): Support pictures a class.
        query (int): Queries a class.
        distance (str): 'sqeuclidean' or 'cosine'.
        seed (int): Of the episodes.
        prefix (str, optional): Before the names; defaults to
            '5way_1shot' with the numbers of this metric.
    """

    needs_bank = False

    def __init__(
        self,
        n_episodes: int = 600,
        way: int = 5,
        shot: int = 1,
        query: int = 15,
        distance: str = 'sqeuclidean',
        seed: int = 0,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix or f'{way}way_{shot}shot')
        EpisodeShape(way, shot, query)
        self.seed = seed
        self.settings = dict(
            n_episodes=n_episodes,
            way=way,
            shot=shot,
            query=query,
            distance=distance,
        )

    def classify(self, test: FeatureSet) -> EpisodeResults:
        """The episodes of this metric, and what is answered in them.

        Args:
            test (FeatureSet): Of the whole test set.

        Raises:
            UsageError: Samples have no label, or are too few.
        """
        self._check_labels(test, 'test')
        generator = torch.Generator().manual_seed(self.seed)
        return few_shot_classify(
            test.features, test.labels, generator=generator, **self.settings
        )

    def compute_metrics(self, test: FeatureSet) -> dict[str, float]:
        results = self.classify(test)
        mean, half_width = confidence_interval(100 * results.accuracy)
        return dict(
            accuracy=mean, ci95=half_width, n_episodes=len(results.accuracy)
        )
