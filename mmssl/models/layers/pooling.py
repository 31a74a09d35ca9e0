# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pooling of backbone outputs."""

from collections.abc import Sequence

from torch import Tensor


def global_pool(features: Tensor | Sequence[Tensor]) -> Tensor:
    """Global average of the last feature map.

    Args:
        features (Tensor | Sequence[Tensor]): What a backbone returns: a map
            (n, c, h, w) or (n, c, t, h, w), a vector (n, c), or a sequence
            of those, of which the last is taken.

    Returns:
        Tensor: (n, c).
    """
    if not isinstance(features, Tensor):
        features = features[-1]
    return features.flatten(2).mean(2) if features.ndim > 2 else features
