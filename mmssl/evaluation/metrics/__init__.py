# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Registered metrics; the computing is in ``functional``."""

from .classification_metric import ClassificationMetric
from .continual_metric import (
    ClusterPurity,
    EvidenceBound,
    IncrementalClassAccuracy,
    LatentKNNError,
)
from .davis_metric import DAVISMetric, VOSResultWriter
from .feature_metric import (
    CollapseMetric,
    FeatureMetric,
    KNNMetric,
    LinearProbeMetric,
    LogisticProbeMetric,
    VideoRetrievalMetric,
)
from .few_shot_metric import FewShotAccuracy
from .indexed_metric import IndexedMetric

__all__ = [
    'ClassificationMetric',
    'ClusterPurity',
    'CollapseMetric',
    'DAVISMetric',
    'EvidenceBound',
    'FeatureMetric',
    'FewShotAccuracy',
    'IncrementalClassAccuracy',
    'IndexedMetric',
    'KNNMetric',
    'LatentKNNError',
    'LinearProbeMetric',
    'LogisticProbeMetric',
    'VOSResultWriter',
    'VideoRetrievalMetric',
]
