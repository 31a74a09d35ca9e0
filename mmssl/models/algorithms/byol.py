# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""BYOL: the online network predicts what a slow copy of it says.

views -> backbone -> projector -> predictor --.
  `---> momentum encoder (no gradient) -----> normalised squared distance
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from mmssl.models.layers import MomentumEncoder
from mmssl.models.losses import embedding_distance
from mmssl.registry import MODELS

from .summed_terms import SummedTerms


@MODELS.register_module()
class BYOL(SummedTerms):
    r"""Bootstrap Your Own Latent, and rho-BYOL by configuration.

    Paper https://arxiv.org/abs/2006.07733; form of the code at
    https://github.com/open-mmlab/mmselfsup, whose logged value is 4 lower
    at the same gradient.  rho-BYOL for video clips,
    https://arxiv.org/abs/2104.14558, is ``reduction='sum'``.

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
        **kwargs: ``reduction`` and ``sequential``, see
            :class:`SummedTerms`; ``data_preprocessor`` and ``init_cfg``, see
            the base class.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        momentum: float = 0.996,
        end_momentum: float | None = 1.0,
        normalize: bool = True,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, head=head, **kwargs)
        self.normalize = normalize
        self.momentum_encoder = MomentumEncoder(
            self.online_modules(), momentum, end_momentum
        )

    def num_terms(self, num_views: int) -> int:
        """A term for each view that predicts."""
        return num_views

    def terms(self, views: Sequence[Tensor]) -> Iterator[Tensor]:
        """The terms of :meth:`terms_of` with the predictor ``head``."""
        return self.terms_of(views, self.head)

    def terms_of(
        self, views: Sequence[Tensor], head: nn.Module
    ) -> Iterator[Tensor]:
        r"""Each view's prediction against the other views' targets.

        With the mean of the terms both directions of a pair are summed and
        pairs averaged, in [0, 8].  Summed terms are rho's -2 cos, the same
        distance less its constant 2, averaged over the other views.
        """
        targets = [self.momentum_encoder(view) for view in views]
        for i, view in enumerate(views):
            prediction = head(self.neck(self.backbone(view)))
            distances = [
                embedding_distance(prediction, target, self.normalize)
                for j, target in enumerate(targets)
                if j != i
            ]
            distance = torch.stack(distances).mean()
            yield distance - 2 if self.reduction == 'sum' else 2 * distance
