# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The predictor: from an embedding to the partner's embedding."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from mmssl.models.layers import build_mlp
from mmssl.registry import MODELS


@MODELS.register_module()
class PredictionHead(BaseModule):
    """Multilayer perceptron on embeddings, as in BYOL and SimSiam.

    Args:
        sizes (Sequence[int]): Widths from input to output embedding, such
            as ``(256, 4096, 256)``.
        norm_cfg (dict, optional): Norm after each hidden layer.
        bias (bool): Bias of the hidden linear layers.
        last_bias (bool): Bias of the last linear layer.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        norm_cfg: dict | None = dict(type='BN1d'),
        bias: bool = True,
        last_bias: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.mlp = build_mlp(sizes, norm_cfg, bias, last_bias)

    def forward(self, embedding: Tensor) -> Tensor:
        """(n, d) to (n, d)."""
        return self.mlp(embedding)
