# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SimCLR: views of one picture agree, views of different ones do not.

views -> backbone -> projector -> gather over processes -> NT-Xent
"""

from itertools import combinations

import torch
from torch import Tensor

from mmssl.models.layers import all_gather
from mmssl.models.losses import check_temperature, nt_xent
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@MODELS.register_module()
class SimCLR(BaseSelfSupervisor):
    r"""A Simple Framework for Contrastive Learning of Visual Representations.

    Paper https://arxiv.org/abs/2002.05709; form of the code at
    https://github.com/open-mmlab/mmselfsup.

    Departures: the gather over processes keeps the whole gradient (switch
    ``own_slice_gradient``); more than two views are compared pair by pair,
    averaged over pairs, as the contrastive baseline of
    https://github.com/htdt/self-supervised does.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w).

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        temperature (float): :math:`\tau`, divisor of similarities, > 0.
        normalize (bool): Compare by cosine (True) or by dot product.
        joint_views (bool): Batch norms of the backbone see all views of one
            size together (True, as published) or each view alone (as in the
            baseline of W-MSE).  The projector always sees all views.
        own_slice_gradient (bool): See :func:`all_gather`; the published
            settings were tuned with True.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        temperature: float = 0.1,
        normalize: bool = True,
        joint_views: bool = True,
        own_slice_gradient: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.temperature = check_temperature(temperature)
        self.normalize = normalize
        self.joint_views = joint_views
        self.own_slice_gradient = own_slice_gradient

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """NT-Xent averaged over the pairs of views."""
        features = self.pooled_features(inputs, self.joint_views)
        embeddings = self.neck(features).chunk(len(inputs))
        embeddings = [
            all_gather(z, self.own_slice_gradient) for z in embeddings
        ]
        pairs = combinations(embeddings, 2)
        losses = [
            nt_xent(a, b, self.temperature, self.normalize) for a, b in pairs
        ]
        return dict(loss=torch.stack(losses).mean())
