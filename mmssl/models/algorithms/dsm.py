# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM: the scene is decoupled from the movement.

anchor -- warp of the scene -> backbone -> projector -> q --.
positive, the same frames ---> momentum encoder ------> k --+--> InfoNCE
negative, other frames ------> backbone -> projector -> n --|
                           keys of earlier steps: queue ----'
"""

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.dist import get_rank
from torch import Tensor

from mmssl.models.layers import (
    FeatureQueue,
    MomentumEncoder,
    all_gather,
)
from mmssl.models.losses import (
    check_temperature,
    full_precision,
    info_nce,
    unit_rows,
)
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


class _TripletMethod(BaseSelfSupervisor):
    """Anchor, positive and negative, with the scene of the anchor warped.

    Args:
        sld (dict, optional): Spatial local disturbance of the anchor, such
            as ``dict(type='SpatialLocalWarp')``; None leaves it.
        foreign_negative (bool): Take as the negative that of the next
            sample in the batch, another video's, as for Something-Something.
        **kwargs: See the base class.
    """

    min_views = 3

    def __init__(
        self,
        sld: dict | None = dict(type='SpatialLocalWarp', inplace=True),
        foreign_negative: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.sld = None if sld is None else MODELS.build(sld)
        self.foreign_negative = foreign_negative

    def triplet(self, inputs: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The clips as the networks see them."""
        anchor, positive, negative = inputs[:3]
        if self.sld is not None:
            anchor = self.sld(anchor)
        if self.foreign_negative:
            negative = negative.roll(1, dims=0)
        return anchor, positive, negative

    def embed(self, clip: Tensor) -> Tensor:
        """Unit embeddings (n, d) by the trained networks."""
        return unit_rows(self.neck(self.backbone(clip)))

    def log_overlap(self, losses: dict, data_samples: list | None) -> dict:
        """Add the share of negatives that say little, where it is known."""
        if data_samples and 'clip_frames' in data_samples[0]:
            frames = [sample.clip_frames for sample in data_samples]
            losses['negative_overlap'] = torch.tensor(overlapping(frames))
        return losses


@MODELS.register_module()
class DSM(_TripletMethod):
    r"""Decoupling the Scene and the Motion, the contrastive form.

    Paper https://arxiv.org/abs/2009.05757, code
    https://github.com/FingerRec/DSM-decoupling-scene-motion.  MoCo with one
    more negative for each query: a clip of the same video that shows the
    scene of the anchor and another movement.  It is encoded by the trained
    networks, and the gradient goes through it, too.

    Departures: momentum encoder and queue move after the optimizer step,
    once per real step, and all processes fill one queue (the code is of one
    process with several GPUs).  Knowing: a queue longer than the number of
    training videos holds a sample's own older key.

    ``inputs``: list of 3 views of :class:`LoadTriplet`'s clips, each (n, 3,
    t, h, w): anchor, positive and negative; each passes its network alone.
    ``clip_frames`` of the data samples, if there, gives the logged
    ``negative_overlap``: share of the negatives that show more than half of
    the anchor's frames.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector, with ``sizes``; published is
            one linear layer.
        queue_length (int): K, at least the batch of all processes.
        temperature (float): :math:`\tau`, > 0.
        momentum (float): Share of the old weights kept.
        **kwargs: ``sld`` and ``foreign_negative``, see above;
            ``data_preprocessor`` and ``init_cfg``, see the base class.

    Raises:
        ValueError: If temperature or momentum is out of range; in training
            also if the queue is shorter than the batch.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        queue_length: int = 16384,
        temperature: float = 0.07,
        momentum: float = 0.999,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, **kwargs)
        self.temperature = check_temperature(temperature)
        self.momentum_encoder = MomentumEncoder(
            self.online_modules(), momentum, None
        )
        self.queue = FeatureQueue(
            neck['sizes'][-1], queue_length, init='uniform', wrap=True
        )

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """InfoNCE with the queue and the own negative."""
        anchor, positive, negative = self.triplet(inputs)
        query, hard = self.embed(anchor), self.embed(negative)
        key = unit_rows(self.momentum_encoder(positive))
        if self.training:
            self.queue.push(key)
        loss = info_nce(query, key, self.queue.rows, self.temperature, hard)
        return self.log_overlap(dict(loss=loss), data_samples)

    def update_queue(self) -> None:
        """Write the keys of the last optimizer step."""
        self.queue.write()


@MODELS.register_module()
class DSMTriplet(_TripletMethod):
    """DSM with two triplet losses, without momentum encoder and queue.

    The anchor must be nearer to the positive than to the negative of its
    own video, and than to that of another one: the negatives of the batch
    in reversed order (of all processes together), where the middle one of
    an odd number meets its own again.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        margin (float): Of the Euclidean distances, > 0.
        intra_weight (float): Of the term within a video.
        inter_weight (float): Of the term between videos.
        **kwargs: As for :class:`DSM`.

    Raises:
        ValueError: If the margin is not above 0.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        margin: float = 0.5,
        intra_weight: float = 1.0,
        inter_weight: float = 1.0,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, **kwargs)
        if margin <= 0:
            raise ValueError(f'margin must be > 0, got {margin}')
        self.margin = margin
        self.intra_weight = intra_weight
        self.inter_weight = inter_weight

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Both triplet losses, weighted."""
        anchor, positive, negative = map(self.embed, self.triplet(inputs))
        losses = dict(
            loss_intra=self.intra_weight
            * triplet_margin(anchor, positive, negative, self.margin),
            loss_inter=self.inter_weight
            * triplet_margin(
                anchor, positive, reversed_rows(negative), self.margin
            ),
        )
        return self.log_overlap(losses, data_samples)


@full_precision
def triplet_margin(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float
) -> Tensor:
    r"""Mean of :math:`\max(0, |a - p + \epsilon| - |a - n + \epsilon| + m)`.

    Args:
        anchor (Tensor): (n, d).
        positive (Tensor): (n, d).
        negative (Tensor): (n, d).
        margin (float): m.

    Returns:
        Tensor: Scalar >= 0; epsilon is PyTorch's 1e-6.
    """
    return F.triplet_margin_loss(anchor, positive, negative, margin)


def reversed_rows(x: Tensor) -> Tensor:
    """Rows of all processes in reversed order, this process's share.

    Args:
        x (Tensor): (n, d), with gradient.
    """
    start = get_rank() * len(x)
    return all_gather(x).flip(0)[start : start + len(x)]


def overlapping(frames: list[np.ndarray]) -> float:
    """Share of negatives of which more than half is in the anchor.

    Args:
        frames (list[ndarray]): n times (3, T), of anchor, positive and
            negative.
    """
    shares = [np.isin(clip[2], clip[0]).mean() for clip in frames]
    return float(np.mean(np.array(shares) > 0.5))
