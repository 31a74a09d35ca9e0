# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Does what was expected of the future single it out?"""

from typing import NamedTuple

import torch
from torch import Tensor

TIE = 1e-5


class Expectation(NamedTuple):
    """How well expected motion finds the motion that came.

    Attributes:
        cell_top1 (float): Share of cells whose most similar key is their
            own cell of their own future, the accuracy of CMD's loss.
        cell_chance (float): One over the number of keys.
        window_top1 (float): Share of clips whose most similar window, by
            the mean over cells, is their own future.
        window_chance (float): One over the number of windows.
        similarity (Tensor): (n, w n) mean cosine over cells, of clip and
            window; the n true futures first.
    """

    cell_top1: float
    cell_chance: float
    window_top1: float
    window_chance: float
    similarity: Tensor


@torch.no_grad()
def motion_expectation(query: Tensor, key: Tensor, count: int) -> Expectation:
    """Compare expectations with all windows of a batch.

    Windows without any motion are equal: k keys within ``TIE`` of the
    largest similarity share the hit, 1 / k each.

    Args:
        query (Tensor): (n s, d) unit rows, s cells of each of n clips.
        key (Tensor): (w n s, d) unit rows, w windows of each, the true
            futures first.
        count (int): n.

    Returns:
        Expectation: Shares in [0, 1].
    """
    logits = query @ key.T
    cells = len(query) // count
    pairs = query.view(count, cells, -1), key.view(-1, cells, key.shape[1])
    similarity = torch.einsum('nsd,wsd->nw', *pairs) / cells
    return Expectation(
        shared_top1(logits),
        1 / len(key),
        shared_top1(similarity),
        1 / similarity.shape[1],
        similarity,
    )


def shared_top1(scores: Tensor) -> float:
    """Share of rows i whose largest score is that of column i.

    Args:
        scores (Tensor): (n, m), m >= n.

    Returns:
        float: In [0, 1]; columns equal to the largest share a row's hit.
    """
    largest = scores >= scores.amax(1, keepdim=True) - TIE
    own = largest.diagonal()
    return (own / largest.sum(1)).double().mean().item()
