# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Losses that pull an embedding to its partner."""

import torch.nn.functional as F
from torch import Tensor

from .precision import full_precision


@full_precision
def normalized_mse(prediction: Tensor, target: Tensor) -> Tensor:
    r"""Mean squared distance of two batches of vectors on the unit sphere.

    .. math:: \ell = 2 - 2\cos(p, z) = \lVert p/|p| - z/|z| \rVert^2

    Used by BYOL (eq. 2 of https://arxiv.org/abs/2006.07733), ORL, SCRL and
    W-MSE.  The caller decides which side gets a gradient.

    Args:
        prediction (Tensor): (n, d).
        target (Tensor): (n, d), row i is the partner of prediction i.

    Returns:
        Tensor: Scalar in [0, 4]: 0 same direction, 2 orthogonal, 4 opposite.
    """
    prediction = F.normalize(prediction, dim=-1, eps=1e-12)
    target = F.normalize(target, dim=-1, eps=1e-12)
    return 2 - 2 * (prediction * target).sum(-1).mean()


@full_precision
def embedding_distance(a: Tensor, b: Tensor, normalize: bool = True) -> Tensor:
    """Distance of partner embeddings, on the sphere or Euclidean.

    Section 4 of https://arxiv.org/abs/2007.06346 compares both.

    Args:
        a (Tensor): (n, d).
        b (Tensor): (n, d).
        normalize (bool): True gives :func:`normalized_mse`, False the mean
            over all n d entries of the squared difference (no factor 2).

    Returns:
        Tensor: Scalar.
    """
    return normalized_mse(a, b) if normalize else F.mse_loss(a, b)
