# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two projectors: one for the picture, one for each place of its map."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from mmssl.models.layers import build_mlp, global_pool
from mmssl.registry import MODELS


def positions(maps: Tensor | Sequence[Tensor]) -> Tensor:
    """The vectors of the last feature map.

    Args:
        maps (Tensor | Sequence[Tensor]): What a backbone returns: a map
            (n, c, h, w) or (n, c, t, h, w), or a sequence of those.

    Returns:
        Tensor: (n, s, c), s = h w or t h w in row-major order.

    Raises:
        ValueError: If the last output is not a map.
    """
    last = maps if isinstance(maps, Tensor) else maps[-1]
    if last.ndim < 3:
        raise ValueError(
            'DenseCL compares the places of a feature map, got a backbone '
            f'output of shape {tuple(last.shape)}; use a backbone that does '
            'not pool'
        )
    return last.flatten(2).transpose(1, 2)


@MODELS.register_module()
class DenseCLNeck(BaseModule):
    """Global and dense projector of DenseCL.

    The dense one is the same kind of multilayer perceptron, applied to each
    place: a convolution 1x1 that also takes clips.

    Args:
        sizes (Sequence[int]): Widths of both, such as (2048, 2048, 128).
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self, sizes: Sequence[int], init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.mlp = build_mlp(sizes, norm_cfg=None)
        self.dense_mlp = build_mlp(sizes, norm_cfg=None)

    def forward(
        self, maps: Tensor | Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Backbone maps to embeddings (n, d) and dense ones (n, s, d)."""
        return self.mlp(global_pool(maps)), self.dense_mlp(positions(maps))
