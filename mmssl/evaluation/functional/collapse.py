# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Is a representation collapsing?  Two figures that need no labels."""

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
