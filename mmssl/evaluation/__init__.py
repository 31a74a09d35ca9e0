# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions, feature extraction, and metrics."""

from . import functional, metrics
from .extraction import (
    FeatureSet,
    extract_features,
    load_features,
    save_features,
)

__all__ = [
    'FeatureSet',
    'extract_features',
    'functional',
    'load_features',
    'metrics',
    'save_features',
]
