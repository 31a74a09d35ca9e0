# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Finding samples of the same class by their nearest neighbours."""

from collections.abc import Sequence

from torch import Tensor

from mmssl.evaluation.functional.knn import nearest


def retrieval_recall(
    queries: Tensor,
    query_labels: Tensor,
    gallery: Tensor,
    gallery_labels: Tensor,
    topk: Sequence[int] = (1, 5, 10, 20, 50),
) -> dict[str, float]:
    """Share of queries with their class among the k nearest, by cosine.

    The protocol of video retrieval on UCF101 and HMDB51, with training
    videos as the gallery.

    Args:
        queries (Tensor): (q, d).
        query_labels (Tensor): (q,) int64.
        gallery (Tensor): (n, d).
        gallery_labels (Tensor): (n,) int64.
        topk (Sequence[int]): The k wanted, none above n.

    Returns:
        dict: 'R@1': in [0, 1], and so on; a class that the gallery lacks
        counts 0.

    Raises:
        ValueError: A k is not in [1, n], or shapes differ.
    """
    found = nearest(queries, gallery, max(topk), 'cosine').indices
    labels = gallery_labels.to(found.device)[found]  # (q, k)
    hits = labels == query_labels.to(found.device)[:, None]
    return {f'R@{k}': hits[:, :k].any(1).double().mean().item() for k in topk}
