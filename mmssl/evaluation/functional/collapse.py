# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Is a representation collapsing?  Figures that need no labels."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.no_grad()
def feature_std(features: Tensor) -> float:
    r"""Mean over dimensions of the std of the L2-normalised features.

    SimSiam's measure (https://arxiv.org/abs/2011.10566, section 4.1):
    :math:`1/\sqrt{d}` for directions spread evenly, 0 when all rows point
    the same way.

    Args:
        features (Tensor): (n, d).

    Returns:
        float: In [0, 1/sqrt(d)], 0 for a single row.
    """
    unit = F.normalize(features.float(), dim=1)
    return unit.std(dim=0, correction=0).mean().item()


@torch.no_grad()
def effective_rank(features: Tensor) -> float:
    r"""Exponential of the entropy of the normalised singular values.

    .. math:: \exp\bigl(-\sum_i p_i \log p_i\bigr), \quad
        p_i = \sigma_i / \sum_j \sigma_j

    of the centred features, as RankMe (https://arxiv.org/abs/2210.02885)
    without its additive constant.  The singular values are the roots of the
    eigenvalues of the smaller Gram matrix, in float64.

    Args:
        features (Tensor): (n, d).

    Returns:
        float: In [1, min(n - 1, d)]; 0 when all rows are equal.
    """
    centred = features.double()
    centred = centred - centred.mean(0)
    gram = (
        centred.T @ centred
        if centred.shape[0] > centred.shape[1]
        else centred @ centred.T
    )
    eigenvalues = torch.linalg.eigvalsh(gram).clamp_min(0)
    # What rounding leaves where the exact eigenvalue is 0.
    floor = len(gram) * torch.finfo(gram.dtype).eps * eigenvalues.max()
    singular = eigenvalues[eigenvalues > floor].sqrt()
    if len(singular) == 0:
        return 0.0
    shares = singular / singular.sum()
    return torch.exp(-(shares * shares.log()).sum()).item()


class PlaceSimilarity(NamedTuple):
    """Mean cosines of cells of feature maps.

    ``same_place`` of different pictures, ``within`` one picture at
    different places; ``gap`` is the first minus the second.  Above 0 the
    features say where a cell is rather than what it shows, the short cut
    against which Dense-VOS has its guided view.
    """

    same_place: float
    within: float
    gap: float


@torch.no_grad()
def place_similarity(maps: Tensor) -> PlaceSimilarity:
    """How alike cells are by their place and by their picture.

    Args:
        maps (Tensor): (n, c, h, w), n >= 2 unrelated pictures, h w >= 2.

    Returns:
        PlaceSimilarity: Cosines in [-1, 1].

    Raises:
        ValueError: Too few pictures or cells.
    """
    if maps.ndim != 4 or len(maps) < 2 or maps.shape[-2:].numel() < 2:
        raise ValueError(
            'maps must be (n, c, h, w) of at least 2 pictures and 2 cells, '
            f'got {tuple(maps.shape)}'
        )
    cells = F.normalize(maps.double().flatten(2), dim=1)  # (n, c, h w)

    def mean_of_pairs(dim: int) -> float:
        """Of different ones along an axis: without those with themselves."""
        count = cells.shape[dim]
        total = cells.sum(dim).square().sum(int(dim == 2))
        own = cells.square().sum((1, dim))
        return ((total - own) / (count * (count - 1))).mean().item()

    same_place, within = mean_of_pairs(0), mean_of_pairs(2)
    return PlaceSimilarity(same_place, within, same_place - within)
