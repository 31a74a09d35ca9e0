# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The prototypes of SwAV: directions that embeddings are assigned to."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


@MODELS.register_module()
class PrototypeHead(BaseModule):
    """Similarity of embeddings to learned unit vectors.

    :meth:`normalize` puts the prototypes back on the unit sphere without
    gradient.  It runs at construction, after initialisation, and must run
    after each optimizer step.

    Args:
        embed_dim (int): d.
        num_prototypes (int): P, at least 2: one prototype would take all.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: If there are fewer than 2 prototypes.
    """

    def __init__(
        self,
        embed_dim: int,
        num_prototypes: int,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_prototypes < 2:
            raise ValueError(
                'num_prototypes must be at least 2, because a single '
                f'prototype takes every sample, got {num_prototypes}'
            )
        self.prototypes = nn.Linear(embed_dim, num_prototypes, bias=False)
        self.normalize()

    @torch.no_grad()
    def normalize(self) -> None:
        """Divide each prototype by its length, in place."""
        weight = self.prototypes.weight
        weight.copy_(F.normalize(weight, dim=1, eps=1e-12))

    def init_weights(self) -> None:
        """Initialise, then normalise."""
        super().init_weights()
        self.normalize()

    def forward(self, embeddings: Tensor) -> Tensor:
        """Unit rows (n, d) to scores (n, P), cosines."""
        return self.prototypes(embeddings)
