# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pure functions, feature extraction, and metrics."""

from mmssl.utils.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    extraction='FeatureSet extract_features load_features save_features',
    functional='',
    metrics='',
)
