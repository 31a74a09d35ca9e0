# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""MoCo: a query finds its key among the keys of earlier batches.

view 1 -> backbone -> projector ------------> query --.
view 2 -> momentum encoder (no gradient) ---> key ----+--> InfoNCE
                          keys of earlier steps: queue '
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from mmssl.models.layers import (
    FeatureQueue,
    MomentumEncoder,
    check_group,
    shuffled_forward,
)
from mmssl.models.losses import check_temperature, info_nce, unit_rows
from mmssl.registry import MODELS

from .summed_terms import SummedTerms

QUEUED = ('all', 'first')


@MODELS.register_module()
class MoCo(SummedTerms):
    r"""Momentum Contrast: versions 1 and 2, and rho-MoCo, by configuration.

    Papers https://arxiv.org/abs/1911.05722 and
    https://arxiv.org/abs/2003.04297; form of the code at
    https://github.com/open-mmlab/mmselfsup.  rho-MoCo for video clips,
    https://arxiv.org/abs/2104.14558, is ``symmetric=True, reduction='sum',
    queue_init='uniform'``: each clip asks for each other one.

    Departures: the momentum encoder and the queue move after the optimizer
    step, once per real step (mmselfsup moves both inside the loss); the
    sequence of values is the same, because the momentum encoder starts as a
    copy.  More than two views give further keys of the same query, averaged.
    rho-MoCo's code copies rank 0's queue over the others before each step,
    so that only its keys count; here all processes fill one queue.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w);
    the first holds the queries, each other one keys (``symmetric``: each
    view both).  Every view passes its network alone.

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
        shuffle_group (str): 'world' shuffles over all processes, 'node'
            over those of one machine (rho's code).
        symmetric (bool): One term for each view as the query of the keys of
            all other views; False has the first view ask alone.
        queue_views (str): Keys that are stored: of 'all' views that have
            keys, or of the 'first' of them alone.
        queue_gather (bool): Store the keys of all processes; False keeps a
            queue of its own on each process, and a checkpoint then holds
            that of rank 0 alone.
        queue_init (str): See :class:`FeatureQueue`.
        **kwargs: ``reduction`` and ``sequential``, see
            :class:`SummedTerms`; ``data_preprocessor`` and ``init_cfg``, see
            the base class.

    Raises:
        ValueError: If the temperature or a momentum is out of range, or a
            choice is unknown; in training also if the batch does not divide
            the queue.
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
        shuffle_group: str = 'world',
        symmetric: bool = False,
        queue_views: str = 'all',
        queue_gather: bool = True,
        queue_init: str = 'unit',
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, **kwargs)
        if queue_views not in QUEUED:
            raise ValueError(
                f'queue_views must be in {QUEUED}, got {queue_views!r}'
            )
        self.temperature = check_temperature(temperature)
        self.shuffle_bn = shuffle_bn
        self.shuffle_group = check_group(shuffle_group)
        self.symmetric = symmetric
        self.queue_views = queue_views
        self.momentum_encoder = MomentumEncoder(
            self.online_modules(), momentum, end_momentum
        )
        self.queue = FeatureQueue(
            neck['sizes'][-1], queue_length, queue_gather, queue_init
        )

    def num_terms(self, num_views: int) -> int:
        """A term for each view that asks."""
        return num_views if self.symmetric else 1

    def terms(self, views: Sequence[Tensor]) -> Iterator[Tensor]:
        """InfoNCE of a view's queries, averaged over the views of keys."""
        first = 0 if self.symmetric else 1
        keys = {
            i: unit_rows(self.encode_keys(self.momentum_encoder, views[i]))
            for i in range(first, len(views))
        }
        if self.training:
            stored = keys if self.queue_views == 'all' else [first]
            for i in stored:
                self.queue.push(keys[i])
        for asking in range(self.num_terms(len(views))):
            query = unit_rows(self.neck(self.backbone(views[asking])))
            losses = [
                info_nce(query, key, self.queue.rows, self.temperature)
                for i, key in keys.items()
                if i != asking
            ]
            yield torch.stack(losses).mean()

    def encode_keys(self, encoder, view: Tensor):
        """Output of the key side for one view, without gradient."""
        if self.shuffle_bn:
            return shuffled_forward(encoder, view, self.shuffle_group)
        with torch.no_grad():
            return encoder(view)

    def update_queue(self) -> None:
        """Write the keys of the last optimizer step."""
        self.queue.write()
