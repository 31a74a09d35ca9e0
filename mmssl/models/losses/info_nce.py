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


def contrast_logits(
    query: Tensor,
    key: Tensor,
    negatives: Tensor,
    temperature: float,
    own_negative: Tensor | None = None,
) -> Tensor:
    """Similarities over the temperature; arguments as :func:`info_nce`.

    Returns:
        Tensor: (n, 1 + m), or (n, 1 + m + 1) with the own negative last; the
        key is first.
    """
    check_temperature(temperature)
    partners = [key] if own_negative is None else [key, own_negative]
    positive, *hard = [(query * p).sum(1, keepdim=True) for p in partners]
    return torch.cat([positive, query @ negatives.T, *hard], 1) / temperature


@full_precision
def info_nce(
    query: Tensor,
    key: Tensor,
    negatives: Tensor,
    temperature: float = 0.2,
    own_negative: Tensor | None = None,
) -> Tensor:
    r"""Cross-entropy of finding the key among the negatives.

    .. math::
        \ell = \frac{1}{n} \sum_i -\log \frac{\exp(q_i k_i / \tau)}
        {\exp(q_i k_i / \tau) + \sum_j \exp(q_i u_j / \tau)}

    Eq. 1 of https://arxiv.org/abs/1911.05722.  Rows are compared as they
    are; the methods pass unit rows.  A negative of each query's own, a hard
    one, is one more term of its denominator
    (https://arxiv.org/abs/2009.05757).

    Args:
        query (Tensor): (n, d).
        key (Tensor): (n, d), row i is the positive of query i.
        negatives (Tensor): (m, d), shared by all queries.
        temperature (float): Divisor of the similarities, > 0.
        own_negative (Tensor, optional): (n, d), row i is met by query i
            alone.

    Returns:
        Tensor: Scalar >= 0.

    Raises:
        ValueError: If temperature is not above 0.
    """
    logits = contrast_logits(query, key, negatives, temperature, own_negative)
    first = torch.zeros(len(query), dtype=torch.long, device=query.device)
    return F.cross_entropy(logits, first)
