# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Losses that tell an embedding's partner from other embeddings."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import full_precision


def check_temperature(temperature: float) -> float:
    """Return a temperature that is above 0.

    Raises:
        ValueError: If it is not.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be > 0, got {temperature}')
    return temperature


@full_precision
def nt_xent(
    z1: Tensor, z2: Tensor, temperature: float = 0.1, normalize: bool = True
) -> Tensor:
    r"""Normalized temperature-scaled cross-entropy of two views.

    .. math::
        \ell = \frac{1}{2n} \sum_a -\log \frac{\exp(s_{a p(a)} / \tau)}
        {\sum_{b \ne a} \exp(s_{ab} / \tau)}

    Eq. 1 of https://arxiv.org/abs/2002.05709 over the 2n rows of both views;
    p(a) is the same picture in the other view.

    Args:
        z1 (Tensor): (n, d), view 1 of n pictures.
        z2 (Tensor): (n, d), view 2 of the same pictures.
        temperature (float): Divisor of the similarities, > 0.
        normalize (bool): Cosine similarity (True) or dot product.

    Returns:
        Tensor: Scalar >= 0.

    Raises:
        ValueError: If temperature is not above 0.
    """
    check_temperature(temperature)
    n = len(z1)
    z = torch.cat([z1, z2])
    if normalize:
        z = F.normalize(z, dim=1, eps=1e-12)
    similarity = z @ z.T / temperature  # (2n, 2n)
    similarity = similarity.masked_fill(
        torch.eye(2 * n, dtype=torch.bool, device=z.device), float('-inf')
    )
    positive = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(similarity, positive)
