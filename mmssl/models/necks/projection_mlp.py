# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The projector: from backbone features to embeddings."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from mmssl.models.layers import build_mlp, global_pool
from mmssl.registry import MODELS


@MODELS.register_module()
class ProjectionMLP(BaseModule):
    """Global average pooling and a multilayer perceptron.

    Args:
        sizes (Sequence[int]): Widths from the features to the embedding,
            such as ``(2048, 2048, 128)``; two widths are one linear layer.
        norm_cfg (dict, optional): Norm after each hidden layer; None for
            none.
        bias (bool): Bias of the hidden linear layers.
        last_bias (bool): Bias of the last linear layer.
        last_norm (bool): Norm after the last linear layer.
        last_affine (bool): Scale and shift of that last norm.
        init_cfg (dict, optional): MMEngine's initialisation; by default
            linear layers keep PyTorch's.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        norm_cfg: dict | None = dict(type='BN1d'),
        bias: bool = True,
        last_bias: bool = True,
        last_norm: bool = False,
        last_affine: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.mlp = build_mlp(
            sizes, norm_cfg, bias, last_bias, last_norm, last_affine
        )

    def forward(self, features: Tensor | Sequence[Tensor]) -> Tensor:
        """Backbone output, or vectors (n, c), to embeddings (n, d)."""
        return self.mlp(global_pool(features))
