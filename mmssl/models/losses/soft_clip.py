# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Scores that saturate smoothly, and the classification loss on them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import full_precision


def soft_clip(scores: Tensor, limit: float | None) -> Tensor:
    r""":math:`c \tanh(s / c)`, within (-c, c); None leaves scores alone."""
    return scores if limit is None else limit * torch.tanh(scores / limit)


@full_precision
def clipped_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    limit: float | None = 10.0,
    penalty: float = 1e-3,
) -> Tensor:
    """Cross-entropy of clipped logits, plus their mean square unclipped.

    The classifier loss of https://github.com/Philip-Bachman/amdim-public.

    Args:
        logits (Tensor): (n, k).
        labels (Tensor): (n,) int64; -1 takes no part in the cross-entropy.
        limit (float, optional): Of the soft clip.
        penalty (float): Weight of the mean square.

    Returns:
        Tensor: Scalar >= 0; the penalty alone where no label is known.
    """
    entropy = F.cross_entropy(
        soft_clip(logits, limit), labels, ignore_index=-1, reduction='sum'
    )
    known = (labels >= 0).sum().clamp(min=1)
    return entropy / known + penalty * logits.square().mean()
