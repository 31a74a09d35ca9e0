# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Prototypical networks: fine-tuning by few-shot episodes.

episode (shot-major) -> backbone -> mean of each class's support -> squared
distance of the queries to these prototypes -> cross-entropy
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.models.layers import global_pool
from mmssl.models.losses import full_precision
from mmssl.registry import MODELS
from mmssl.utils.episodes import (
    EpisodeShape,
    check_prototype_settings,
    prototype_logits,
    prototypes,
    split_episode,
)

from .base import BaseSelfSupervisor


@full_precision
def prototype_loss(
    support: Tensor,
    queries: Tensor,
    way: int,
    temperature: float = 1.0,
    distance: str = 'sqeuclidean',
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the queries, and their logits.

    Args:
        support (Tensor): (shot * way, d), shot-major.
        queries (Tensor): (query * way, d), query-major.
        way (int): Classes.
        temperature (float): Divisor of the distances, > 0.
        distance (str): 'sqeuclidean' or 'cosine'.

    Returns:
        tuple[Tensor, Tensor]: Scalar >= 0, and (query * way, way) logits.
    """
    centres = prototypes(support, way)
    logits = prototype_logits(queries, centres, temperature, distance)
    labels = torch.arange(way, device=logits.device)
    return F.cross_entropy(logits, labels.repeat(len(logits) // way)), logits


@MODELS.register_module()
class ProtoNet(BaseSelfSupervisor):
    """Prototypical Networks, as the second stage of few-shot learning.

    Papers https://arxiv.org/abs/1703.05175 and
    https://arxiv.org/abs/1911.06045, code
    https://github.com/Alibaba-AAIG/SSL-FEW-SHOT.  The whole backbone is
    trained; nothing else has weights.

    ``inputs``: list of one view (n, 3, h, w), one episode of
    ``EpisodicSampler`` with the same way, shot and query; the data samples
    have labels.

    Args:
        backbone (dict): Config of the backbone; pre-trained weights by its
            ``init_cfg=dict(type='Pretrained', checkpoint=...,
            prefix='backbone.')``.
        way (int): Classes of an episode.
        shot (int): Support pictures a class.
        query (int): Queries a class.
        temperature (float): Divisor of the distances; published: 128.
        distance (str): 'sqeuclidean' (published) or 'cosine'.
        joint_forward (bool): Send support and queries through the backbone
            together; as published (False) batch norms see the support
            first, then the queries.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    min_views = 1

    def __init__(
        self,
        backbone: dict,
        way: int = 5,
        shot: int = 1,
        query: int = 15,
        temperature: float = 128.0,
        distance: str = 'sqeuclidean',
        joint_forward: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone, data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        check_prototype_settings(temperature, distance)
        self.shape = EpisodeShape(way, shot, query)
        self.temperature = temperature
        self.distance = distance
        self.joint_forward = joint_forward

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Loss and accuracy (percent) of one episode."""
        images, shape = inputs[0], self.shape
        self._check_episode(len(images), data_samples)
        if self.joint_forward:
            features = global_pool(self.backbone(images))
            support, queries = split_episode(features, shape)
        else:
            parts = images.split([shape.support, shape.rows - shape.support])
            support, queries = (global_pool(self.backbone(p)) for p in parts)
        loss, logits = prototype_loss(
            support, queries, shape.way, self.temperature, self.distance
        )
        correct = logits.argmax(1) == shape.query_labels(logits.device)
        return dict(loss=loss, accuracy=100 * correct.float().mean())

    def _check_episode(self, count: int, data_samples: list | None) -> None:
        """Refuse a batch that is no shot-major episode.

        A class-major one would average different classes in silence.
        """
        shape = self.shape
        labels = [sample.get('label') for sample in data_samples or ()]
        first = labels[: shape.way]
        whole = count == shape.rows and None not in first
        if (
            not whole
            or len(set(first)) < shape.way
            or labels != first * shape.per_class
        ):
            raise ValueError(
                f'ProtoNet needs batches of one {shape.way}-way '
                f'{shape.shot}-shot {shape.query}-query episode, '
                f'{shape.rows} labelled pictures in shot-major order, got '
                f'{count} pictures; set sampler=dict('
                f"type='EpisodicSampler', way={shape.way}, "
                f'shot={shape.shot}, query={shape.query}) and '
                f'batch_size={shape.rows} in train_dataloader'
            )
