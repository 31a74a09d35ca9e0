# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which pictures, and which regions of two pictures, are alike (ORL)."""

from typing import NamedTuple

import torch
from torch import Tensor

from mmssl.evaluation.functional.knn import nearest


class RegionPairs(NamedTuple):
    """The most similar regions of two pictures, most similar first.

    ``query`` (p,) and ``key`` (p,) int64: rows of the regions;
    ``similarity`` (p,): cosine.
    """

    query: Tensor
    key: Tensor
    similarity: Tensor


def retrieve_neighbours(features: Tensor, k: int = 10) -> Tensor:
    """The k rows most alike to each row, itself left out.

    The authors' code drops the first of k + 1; where a set holds a picture
    twice that may be the other copy.  Here the row itself is left out.

    Args:
        features (Tensor): (n, d), not necessarily of unit length.
        k (int): In [1, n - 1].

    Returns:
        Tensor: (n, k) int64, most alike first.

    Raises:
        ValueError: There are not k other rows.
    """
    if not 1 <= k < len(features):
        raise ValueError(
            f'k={k} neighbours need at least {k + 1} pictures, got '
            f'{len(features)}'
        )
    found = nearest(features, features, k + 1, 'cosine').indices
    own = found == torch.arange(len(found), device=found.device)[:, None]
    # More than k copies of a row may keep it from its own list.
    own[:, -1] |= ~own.any(1)
    return found[~own].view(len(found), k)


def top_region_pairs(
    query: Tensor, key: Tensor, ratio: float = 0.1
) -> RegionPairs:
    """Pairs of the largest similarity; a region may be in several.

    Args:
        query (Tensor): (b, d) unit rows, the regions of one picture.
        key (Tensor): (c, d) unit rows, those of another.
        ratio (float): Pairs as a share of b, in (0, 1]; at least one is
            kept, and at most all b c.

    Returns:
        RegionPairs: max(1, floor(ratio b)) of them; equal similarities in
        the order of (query, key).
    """
    similarity = (query @ key.T).flatten()
    count = min(max(1, int(ratio * len(query))), len(similarity))
    values, places = similarity.sort(descending=True, stable=True)
    places = places[:count]
    return RegionPairs(places // len(key), places % len(key), values[:count])


def neighbour_label_overlap(
    features: Tensor, labels: Tensor, k: int = 5
) -> float:
    """How many classes a picture shares with the pictures alike to it.

    Args:
        features (Tensor): (n, d).
        labels (Tensor): (n, classes) bool, a picture may have several.
        k (int): Neighbours of each, itself left out.

    Returns:
        float: Classes in common as a share of those of either, averaged over
        neighbours and over the pictures that have a class; NaN if none has.
    """
    near = labels[retrieve_neighbours(features, k)]  # (n, k, classes)
    own = labels[:, None]
    shared = (near & own).sum(2).double()
    total = (near | own).sum(2).clamp(min=1)
    return (shared / total)[labels.any(1)].mean().item()
