# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""BYOL: the online network predicts what a slow copy of it says.

views -> backbone -> projector -> predictor --.
  `---> momentum encoder (no gradient) -----> normalised squared distance
"""

from itertools import permutations

import torch
from torch import Tensor, nn

from mmssl.models.layers import MomentumEncoder
from mmssl.models.losses import embedding_distance
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@MODELS.register_module()
class BYOL(BaseSelfSupervisor):
    r"""Bootstrap Your Own Latent.

    Paper https://arxiv.org/abs/2006.07733; form of the code at
    https://github.com/open-mmlab/mmselfsup, whose logged value is 4 lower
    at the same gradient.

    Departures: the target moves after the optimizer step, once per real
    step (mmselfsup moves it inside the loss); more than two views are
    compared pair by pair, averaged over pairs, as the baseline of
    https://github.com/htdt/self-supervised does.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w);
    every view passes each network alone, so that batch norms see one view.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        head (dict): Config of the predictor.
        momentum (float): Share of the old target weights kept at the start.
        end_momentum (float, optional): The same at the end, reached along
            half a cosine; None keeps it constant.
        normalize (bool): Distance on the unit sphere (True, as published)
            or plain mean squared error.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        momentum: float = 0.996,
        end_momentum: float | None = 1.0,
        normalize: bool = True,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, data_preprocessor, init_cfg)
        self.normalize = normalize
        self.momentum_encoder = MomentumEncoder(
            self.online_modules(), momentum, end_momentum
        )

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Both directions of each pair of views, averaged over pairs."""
        return dict(loss=self.agreement(inputs, self.head))

    def agreement(self, views: list[Tensor], head: nn.Module) -> Tensor:
        """Each view's prediction against the other views' targets.

        Returns:
            Tensor: Scalar in [0, 8]: the sum of both directions, averaged
            over pairs of views.
        """
        predictions = [head(self.neck(self.backbone(v))) for v in views]
        targets = [self.momentum_encoder(v) for v in views]
        pairs = permutations(range(len(views)), 2)
        return (
            2
            * torch.stack(
                [
                    embedding_distance(
                        predictions[i], targets[j], self.normalize
                    )
                    for i, j in pairs
                ]
            ).mean()
        )
