# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SimSiam: each view predicts the other; nothing else is needed.

views -> backbone -> projector -> predictor --.
                        `--(no gradient)------> cosine
"""

from itertools import permutations

import torch
from torch import Tensor

from mmssl.models.losses import normalized_mse
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@MODELS.register_module()
class SimSiam(BaseSelfSupervisor):
    r"""Exploring Simple Siamese Representation Learning.

    .. math::
        L = -\frac{1}{2} \left(\cos(p_1, z_2) + \cos(p_2, z_1)\right)

    with z without gradient.  Paper https://arxiv.org/abs/2011.10566; form
    of the code at https://github.com/open-mmlab/mmselfsup.  Two details
    keep it from collapsing: the last norm of the projector has no scale and
    shift (``last_affine=False``), and the predictor keeps its learning rate
    (``fix_lr`` of ``FixedLRHook``).

    Departure: more than two views are compared pair by pair, averaged.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w);
    every view passes the network alone.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        head (dict): Config of the predictor.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Negative cosine, in [-1, 1], averaged over ordered pairs."""
        embeddings = [self.neck(self.backbone(view)) for view in inputs]
        predictions = [self.head(z) for z in embeddings]
        distances = [
            normalized_mse(predictions[i], embeddings[j].detach())
            for i, j in permutations(range(len(inputs)), 2)
        ]
        return dict(loss=torch.stack(distances).mean() / 2 - 1)
