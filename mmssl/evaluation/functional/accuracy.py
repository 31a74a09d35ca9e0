# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Ranked classes and their top-k accuracy."""

from collections.abc import Sequence

from torch import Tensor


def rank_classes(scores: Tensor, top: int = 5) -> Tensor:
    """Classes by falling score; equal scores by the smaller index.

    Args:
        scores (Tensor): (n, classes).
        top (int): Classes wanted, >= 1.

    Returns:
        Tensor: (n, min(top, classes)) int64.
    """
    order = scores.sort(dim=1, descending=True, stable=True).indices
    return order[:, :top]


def topk_accuracy(
    ranked: Tensor, labels: Tensor, topk: Sequence[int] = (1, 5)
) -> dict[str, float]:
    """Share of the samples whose class is among the first k.

    Args:
        ranked (Tensor): (n, top) classes, best first.
        labels (Tensor): (n,) int64.
        topk (Sequence[int]): The k wanted; one beyond ``top`` counts all
            ranked classes.

    Returns:
        dict: 'top1': in [0, 1], and so on.

    Raises:
        ValueError: If there are no samples or the lengths differ.
    """
    if len(ranked) == 0 or len(ranked) != len(labels):
        raise ValueError(
            'accuracy needs one label a sample and at least one sample, got '
            f'{len(ranked)} samples and {len(labels)} labels'
        )
    hits = ranked == labels[:, None].to(ranked.device)
    return {f'top{k}': hits[:, :k].any(1).double().mean().item() for k in topk}
