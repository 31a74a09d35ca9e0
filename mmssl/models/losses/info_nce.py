# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Telling a query's key from stored negatives."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .contrastive import check_temperature
from .precision import full_precision


@full_precision
def unit_rows(x: Tensor) -> Tensor:
    """Vectors of the last dimension (..., d) divided by their length.

    Lengths below 1e-12 count as 1e-12.
    """
    return F.normalize(x, dim=-1, eps=1e-12)


@full_precision
def info_nce(
    query: Tensor, key: Tensor, negatives: Tensor, temperature: float = 0.2
) -> Tensor:
    r"""Cross-entropy of finding the key among the negatives.

    .. math::
        \ell = \frac{1}{n} \sum_i -\log \frac{\exp(q_i k_i / \tau)}
        {\exp(q_i k_i / \tau) + \sum_j \exp(q_i u_j / \tau)}

    Eq. 1 of https://arxiv.org/abs/1911.05722.  Rows are compared as they
    are; the methods pass unit rows.

    Args:
        query (Tensor): (n, d).
        key (Tensor): (n, d), row i is the positive of query i.
        negatives (Tensor): (m, d), shared by all queries.
        temperature (float): Divisor of the similarities, > 0.

    Returns:
        Tensor: Scalar >= 0.

    Raises:
        ValueError: If temperature is not above 0.
    """
    check_temperature(temperature)
    positive = (query * key).sum(1, keepdim=True)  # (n, 1)
    logits = torch.cat([positive, query @ negatives.T], 1) / temperature
    first = torch.zeros(len(query), dtype=torch.long, device=query.device)
    return F.cross_entropy(logits, first)
