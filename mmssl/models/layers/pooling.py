# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pooling of backbone outputs."""

from collections.abc import Sequence

import torch.nn.functional as F
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


def corner_pool(features: Tensor | Sequence[Tensor]) -> Tensor:
    """Averages of the last map without its last or first row and column.

    The 2 x 2 numbers a channel that VOC07's protocol takes of a map of 7 x 7
    cells (``AvgPool2d(6, stride=1)``), for maps of any size.

    Args:
        features (Tensor | Sequence[Tensor]): A map (n, c, h, w), or a
            sequence of maps, of which the last is taken.

    Returns:
        Tensor: (n, 4 c).

    Raises:
        ValueError: No map, or one of less than 2 x 2 cells.
    """
    if not isinstance(features, Tensor):
        features = features[-1]
    if features.ndim != 4 or min(features.shape[2:]) < 2:
        raise ValueError(
            "the stage 'corners' needs a map (n, c, h, w) of at least 2 x 2 "
            f'cells, got {tuple(features.shape)}; take larger pictures'
        )
    height, width = features.shape[2:]
    pooled = F.avg_pool2d(features, (height - 1, width - 1), stride=1)
    return pooled.flatten(1)
