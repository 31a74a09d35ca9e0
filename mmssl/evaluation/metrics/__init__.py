# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Registered metrics; the computing is in ``functional``."""

from .feature_metric import (
    CollapseMetric,
    FeatureMetric,
    KNNMetric,
    LinearProbeMetric,
    LogisticProbeMetric,
)

__all__ = [
    'CollapseMetric',
    'FeatureMetric',
    'KNNMetric',
    'LinearProbeMetric',
    'LogisticProbeMetric',
]
