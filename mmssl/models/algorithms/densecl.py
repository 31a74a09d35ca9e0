# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DenseCL: MoCo for pictures, and again for each place of the feature map.

view 1 -> backbone -> two projectors -> query, query of each place
view 2 -> momentum encoder ----------> key, key of each place
places are matched by backbone features; one queue for each kind of key
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmssl.models.layers import FeatureQueue
from mmssl.models.losses import info_nce, unit_rows
from mmssl.models.necks.densecl_neck import positions
from mmssl.registry import MODELS

from .moco import MoCo


class DenseEmbeddings(NamedTuple):
    """What one network says of n pictures with s places; unit vectors."""

    embedding: Tensor  # (n, d)
    grid: Tensor  # (n, s, d)
    average: Tensor  # (n, d), direction of the grid's mean
    features: Tensor  # (n, s, c), backbone features


def dense_embeddings(network: nn.Module, view: Tensor) -> DenseEmbeddings:
    """Run the backbone and the neck of the online or the key network.

    The average is that of the grid before its vectors are normalised, as in
    the published code.
    """
    maps = network.backbone(view)
    embedding, grid = network.neck(maps)
    outputs = (embedding, grid, grid.mean(1), positions(maps))
    return DenseEmbeddings(*map(unit_rows, outputs))


def match_positions(query: Tensor, key: Tensor) -> Tensor:
    """The most similar place of the key for each place of the query.

    Args:
        query (Tensor): (n, s, c), unit vectors.
        key (Tensor): (n, s, c), unit vectors.

    Returns:
        Tensor: (n, s) indices; the lowest one where several are equal.
    """
    return (query @ key.mT).argmax(2)


@MODELS.register_module()
class DenseCL(MoCo):
    r"""Dense Contrastive Learning for Self-Supervised Visual Pre-Training.

    .. math:: L = (1 - \lambda) L_{global} + \lambda L_{dense}

    Paper https://arxiv.org/abs/2011.09157; form of the code at
    https://github.com/open-mmlab/mmselfsup.  The global term is MoCo v2.
    Dense negatives are the average keys of other pictures.

    Departures: those of MoCo; the grid is not pooled to another size,
    because places are matched on the backbone's own map.

    ``inputs``: as for MoCo; the backbone returns maps.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of ``DenseCLNeck``.
        dense_weight (float): :math:`\lambda`, in [0, 1].
        dense_warmup (int): Optimizer steps at the start during which
            :math:`\lambda` is 0; the published description has 1000, its
            released configuration none.
        **kwargs: As for :class:`MoCo`, but for symmetric and summed terms.

    Raises:
        ValueError: As for MoCo, or if dense_weight is out of range, or
            symmetric or summed terms are asked for.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        dense_weight: float = 0.5,
        dense_warmup: int = 0,
        **kwargs,
    ) -> None:
        super().__init__(backbone, neck, **kwargs)
        if not 0 <= dense_weight <= 1:
            raise ValueError(
                f'dense_weight must be in [0, 1], got {dense_weight}'
            )
        if self.symmetric or self.sequential or self.reduction != 'mean':
            raise ValueError(
                'DenseCL has one view of queries: symmetric, sequential and '
                "reduction='sum' are of MoCo alone"
            )
        self.dense_weight = dense_weight
        self.dense_warmup = dense_warmup
        self.dense_queue = FeatureQueue(
            neck['sizes'][-1], len(self.queue.rows)
        )
        self.register_buffer('steps', torch.zeros((), dtype=torch.long))

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Weighted global and dense InfoNCE, averaged over views of keys."""
        query = dense_embeddings(self, inputs[0])
        encoder = partial(dense_embeddings, self.momentum_encoder)
        terms = []
        for view in inputs[1:]:
            key = DenseEmbeddings(*self.encode_keys(encoder, view))
            terms.append(torch.stack(self.contrast(query, key)))
            if self.training:
                self.queue.push(key.embedding)
                self.dense_queue.push(key.average)
        whole, dense = torch.stack(terms).mean(0)
        warm = self.steps >= self.dense_warmup
        weight = self.dense_weight * warm.to(dense.dtype)
        return dict(
            loss_global=(1 - weight) * whole, loss_dense=weight * dense
        )

    def contrast(
        self, query: DenseEmbeddings, key: DenseEmbeddings
    ) -> tuple[Tensor, Tensor]:
        """Global and dense InfoNCE before weighting."""
        match = match_positions(query.features, key.features)
        match = match[..., None].expand_as(key.grid)
        positives = key.grid.gather(1, match)  # (n, s, d)
        dense = info_nce(
            query.grid.flatten(0, 1),
            positives.flatten(0, 1),
            self.dense_queue.rows,
            self.temperature,
        )
        whole = info_nce(
            query.embedding, key.embedding, self.queue.rows, self.temperature
        )
        return whole, dense

    def extract_feat(self, inputs: list[Tensor], stage: str = 'backbone'):
        """As the base class; the stage 'neck' is the global embedding."""
        features = super().extract_feat(inputs, stage)
        return features[0] if stage == 'neck' else features

    def update_target(self, progress: float) -> float | None:
        """Count the step and move the momentum encoder."""
        self.steps += 1
        return super().update_target(progress)

    def update_queue(self) -> None:
        """Write the keys of the last optimizer step to both queues."""
        super().update_queue()
        self.dense_queue.write()
