# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""MoCo: a query finds its key among the keys of earlier batches.

view 1 -> backbone -> projector ------------> query --.
view 2 -> momentum encoder (no gradient) ---> key ----+--> InfoNCE
                          keys of earlier steps: queue '
"""

import torch
from torch import Tensor

from mmssl.models.layers import (
    FeatureQueue,
    MomentumEncoder,
    shuffled_forward,
)
from mmssl.models.losses import check_temperature, info_nce, unit_rows
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@MODELS.register_module()
class MoCo(BaseSelfSupervisor):
    r"""Momentum Contrast, version 1 and 2 by configuration.

    Papers https://arxiv.org/abs/1911.05722 and
    https://arxiv.org/abs/2003.04297; form of the code at
    https://github.com/open-mmlab/mmselfsup.

    Departures: the momentum encoder and the queue move after the optimizer
    step, once per real step (mmselfsup moves both inside the loss); the
    sequence of values is the same, because the momentum encoder starts as a
    copy.  More than two views give further keys of the same query, averaged.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w);
    the first holds the queries, each other one keys.  Every view passes its
    network alone.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector, with ``sizes``.
        queue_length (int): K, negatives; a multiple of the batch of all
            processes.
        temperature (float): :math:`\tau`, > 0; 0.07 in version 1.
        momentum (float): m, share of the old weights kept.
        end_momentum (float, optional): The same at the end, reached along
            half a cosine; None keeps it constant, as published.
        shuffle_bn (bool): See :func:`shuffled_forward`.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: If the temperature or a momentum is out of range; in
            training also if the batch does not divide the queue.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        queue_length: int = 65536,
        temperature: float = 0.2,
        momentum: float = 0.999,
        end_momentum: float | None = None,
        shuffle_bn: bool = True,
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
        self.shuffle_bn = shuffle_bn
        self.momentum_encoder = MomentumEncoder(
            self.online_modules(), momentum, end_momentum
        )
        self.queue = FeatureQueue(neck['sizes'][-1], queue_length)

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """InfoNCE of the queries against each view of keys, averaged."""
        query = unit_rows(self.neck(self.backbone(inputs[0])))
        losses = []
        for view in inputs[1:]:
            key = unit_rows(self.encode_keys(self.momentum_encoder, view))
            losses.append(
                info_nce(query, key, self.queue.rows, self.temperature)
            )
            if self.training:
                self.queue.push(key)
        return dict(loss=torch.stack(losses).mean())

    def encode_keys(self, encoder, view: Tensor):
        """Output of the key side for one view, without gradient."""
        if self.shuffle_bn:
            return shuffled_forward(encoder, view)
        with torch.no_grad():
            return encoder(view)

    def update_queue(self) -> None:
        """Write the keys of the last optimizer step."""
        self.queue.write()
