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
from .pose_metric import PartMetric, PCKMetric
from .svm_metric import VOC07SVM, LowShotSVM
from .video_objects import VideoObjectsMetric
from .video_qa_metric import (
    AnswerWriter,
    DramaQAMetric,
    TVQAPlusMetric,
    VideoQAAccuracy,
)

__all__ = [
    'VOC07SVM',
    'AnswerWriter',
    'ClassificationMetric',
    'ClusterPurity',
    'CollapseMetric',
    'DAVISMetric',
    'DramaQAMetric',
    'EvidenceBound',
    'FeatureMetric',
    'FewShotAccuracy',
    'IncrementalClassAccuracy',
    'IndexedMetric',
    'KNNMetric',
    'LatentKNNError',
    'LinearProbeMetric',
    'LogisticProbeMetric',
    'LowShotSVM',
    'PCKMetric',
    'PartMetric',
    'TVQAPlusMetric',
    'VOSResultWriter',
    'VideoObjectsMetric',
    'VideoQAAccuracy',
    'VideoRetrievalMetric',
]
