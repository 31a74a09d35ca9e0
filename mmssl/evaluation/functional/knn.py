# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Exact nearest neighbours by brute force, and the k-NN classifiers."""

from functools import lru_cache, partial
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.evaluation.functional.accuracy import rank_classes

DISTANCES = ('euclidean', 'cosine')
WEIGHTS = ('uniform', 'exp')
SPARE = 16  # candidates beyond k that are ranked again in float64
BANK_BLOCK, QUERY_BLOCK = 16384, 1024  # 64 MB of float32 scores at a time
FAISS_BLOCK = 2**15
F32 = torch.float32
GATHERED = 2**18  # entries of gathered bank rows at a time: stay in cache


class Neighbours(NamedTuple):
    """The nearest bank rows of each query, nearest first.

    ``values`` (q, k) float64: Euclidean distance, or cosine similarity;
    ``indices`` (q, k) int64: rows of the bank.
    """

    values: Tensor
    indices: Tensor


@torch.no_grad()
def nearest(
    queries: Tensor,
    bank: Tensor,
    k: int,
    distance: str = 'euclidean',
    device: torch.device | str | None = None,
) -> Neighbours:
    r"""The k nearest rows of a bank for every query.

    Candidates come from matrix products in the input's precision (half is
    lifted to float32) on features from which the bank's mean is taken, as
    :math:`\lVert q - b\rVert^2 = \lVert q\rVert^2 - 2 q^\top b + \lVert
    b\rVert^2` cancels badly far from the origin.  The k + 16 best are then
    ranked by differences in float64; equal ones by their row.  Memory
    beside the inputs is bounded: about 0.2 GB at 2048 dimensions.  On the
    CPU faiss finds the candidates, if it is installed: a third faster.

    Args:
        queries (Tensor): (q, d).
        bank (Tensor): (n, d).
        k (int): Neighbours of each query, in [1, n].
        distance (str): 'euclidean', or 'cosine' (a row of zeros has
            similarity 0 with everything).
        device (torch.device or str, optional): Where blocks are multiplied;
            defaults to where the bank lies.

    Returns:
        Neighbours: On the bank's device.

    Raises:
        ValueError: Shapes, k or distance do not fit, or a feature is not
            finite.
    """
    _check(queries, bank, k, distance)
    compute = torch.promote_types(bank.dtype, torch.float32)
    device = bank.device if device is None else torch.device(device)

    def prepare(rows: Tensor) -> Tensor:
        rows = rows.to(device, compute)
        return F.normalize(rows) if distance == 'cosine' else rows

    mean = sum(
        prepare(block).sum(0, dtype=torch.float64)
        for block in bank.split(BANK_BLOCK)
    )
    mean = (mean / len(bank)).to(compute)
    if not (mean.isfinite().all() and queries.isfinite().all()):
        raise ValueError(
            'features hold NaN or infinite values; the network has diverged'
        )
    kept = min(k + SPARE, len(bank))
    count = (len(queries), 0)
    best = torch.empty(count, dtype=compute, device=device)
    rows = torch.empty(count, dtype=torch.long, device=device)
    faiss = _faiss() if device.type == 'cpu' and compute == F32 else None
    size = FAISS_BLOCK if faiss else BANK_BLOCK
    for start in range(0, len(bank), size):
        block = prepare(bank[start : start + size]) - mean
        merge = partial(_merge_by_faiss, faiss) if faiss else _merge
        best, rows = merge(
            best, rows, block, start, queries, prepare, mean, kept, distance
        )
    return _rank_again(queries, bank, rows.to(bank.device), k, distance)


def _check(queries: Tensor, bank: Tensor, k: int, distance: str) -> None:
    if (
        queries.ndim != 2
        or bank.ndim != 2
        or queries.shape[1:] != (bank.shape[1:])
    ):
        raise ValueError(
            'queries (q, d) and bank (n, d) must share d, got '
            f'{tuple(queries.shape)} and {tuple(bank.shape)}'
        )
    if not 1 <= k <= len(bank):
        raise ValueError(
            f'k must be between 1 and the {len(bank)} rows of the bank, '
            f'got {k}'
        )
    if distance not in DISTANCES:
        raise ValueError(f'distance must be in {DISTANCES}, got {distance!r}')


def _merge(
    best, rows, block, start, queries, prepare, mean, kept, distance
) -> tuple[Tensor, Tensor]:
    """Best scores (q, kept) and their rows, with one more bank block."""
    # Taking the mean from the bank adds a constant to a query's dot
    # products; distances need it taken from both sides.
    half_norms = 0.5 * block.square().sum(1)
    parts = []
    for first in range(0, len(queries), QUERY_BLOCK):
        part = slice(first, first + QUERY_BLOCK)
        query = prepare(queries[part])
        if distance == 'euclidean':
            scores = (query - mean) @ block.T
            scores -= half_norms
        else:
            scores = query @ block.T
        score, row = scores.topk(min(kept, len(block)), dim=1)
        score = torch.cat([best[part], score], 1)
        row = torch.cat([rows[part], row + start], 1)
        score, order = score.topk(min(kept, score.shape[1]), dim=1)
        parts.append((score, row.gather(1, order)))
    best, rows = zip(*parts, strict=True) if parts else ([best], [rows])
    return torch.cat(best), torch.cat(rows)


def _merge_by_faiss(
    faiss: ModuleType,
    best,
    rows,
    block,
    start,
    queries,
    prepare,
    mean,
    kept,
    distance,
) -> tuple[Tensor, Tensor]:
    """As :func:`_merge`, on larger blocks."""
    euclidean = distance == 'euclidean'
    metric = faiss.METRIC_L2 if euclidean else faiss.METRIC_INNER_PRODUCT
    parts = []
    for first in range(0, len(queries), FAISS_BLOCK):
        part = slice(first, first + FAISS_BLOCK)
        query = prepare(queries[part])
        score, row = faiss.knn(
            (query - mean if euclidean else query).numpy(),
            block.numpy(),
            min(kept, len(block)),
            metric=metric,
        )
        score = torch.from_numpy(-score if euclidean else score)
        score = torch.cat([best[part], score], 1)
        row = torch.cat([rows[part], torch.from_numpy(row) + start], 1)
        score, order = score.topk(min(kept, score.shape[1]), dim=1)
        parts.append((score, row.gather(1, order)))
    best, rows = zip(*parts, strict=True) if parts else ([best], [rows])
    return torch.cat(best), torch.cat(rows)


@lru_cache
def _faiss() -> ModuleType | None:
    try:
        return import_module('faiss')
    except ImportError:
        return None


def _rank_again(
    queries: Tensor, bank: Tensor, rows: Tensor, k: int, distance: str
) -> Neighbours:
    """Order candidates by float64 values, equal ones by row."""
    rows = rows.sort(dim=1).values  # with a stable sort: ties by row
    step = max(1, GATHERED // (rows.shape[1] * bank.shape[1]))
    # Written in place: small results between the large temporary blocks
    # would keep the allocator from using the space of a block again.
    values = torch.empty(rows.shape, dtype=torch.float64, device=bank.device)
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        query = queries[part].to(bank.device, torch.float64)
        near = bank[rows[part]].double()  # (q, candidates, d)
        if distance == 'cosine':
            query, near = F.normalize(query), F.normalize(near, dim=2)
            values[part] = (near @ query[:, :, None])[:, :, 0]
        else:
            near -= query[:, None]
            values[part] = near.square_().sum(2).sqrt_()
    values, order = values.sort(
        dim=1, descending=distance == 'cosine', stable=True
    )
    return Neighbours(values[:, :k], rows.gather(1, order[:, :k]))


def vote(
    neighbours: Neighbours,
    bank_labels: Tensor,
    num_classes: int | None = None,
    weights: str = 'uniform',
    temperature: float = 0.07,
    top: int = 5,
) -> Tensor:
    r"""Classes by the votes of the neighbours, best first.

    A vote weighs 1 ('uniform', as in W-MSE) or
    :math:`\exp(s / \text{temperature})` of the cosine similarity s ('exp',
    instance discrimination, https://arxiv.org/abs/1805.01978, and DINO).
    Equal classes are ordered by the smaller index.

    Args:
        neighbours (Neighbours): Of q queries.
        bank_labels (Tensor): (n,) int64.
        num_classes (int, optional): Defaults to the largest label + 1.
        weights (str): 'uniform' or 'exp'; 'exp' needs similarities.
        temperature (float): Divisor of similarities, > 0.
        top (int): Classes wanted.

    Returns:
        Tensor: (q, min(top, num_classes)) int64.

    Raises:
        ValueError: If weights is unknown or the temperature not above 0.
    """
    if weights not in WEIGHTS or temperature <= 0:
        raise ValueError(
            f'weights must be in {WEIGHTS} and temperature > 0, got '
            f'{weights!r} and {temperature}'
        )
    num_classes = num_classes or int(bank_labels.max()) + 1
    ranked = []
    for values, indices in zip(
        neighbours.values.split(QUERY_BLOCK),
        neighbours.indices.split(QUERY_BLOCK),
        strict=True,
    ):
        ballots = torch.ones_like(values)
        if weights == 'exp':  # relative to the nearest: no overflow
            ballots = ((values - values[:, :1]) / temperature).exp()
        votes = ballots.new_zeros(len(values), num_classes)
        votes.scatter_add_(1, bank_labels[indices], ballots)
        ranked.append(rank_classes(votes, top))
    return torch.cat(ranked)


def knn_classify(
    queries: Tensor,
    bank: Tensor,
    bank_labels: Tensor,
    k: int = 5,
    distance: str = 'euclidean',
    weights: str = 'uniform',
    temperature: float = 0.07,
    num_classes: int | None = None,
    top: int = 5,
    device: torch.device | str | None = None,
) -> Tensor:
    """Classes of the queries by their k nearest neighbours, best first.

    The defaults are W-MSE's evaluation (section 7 of its code's protocol):
    five neighbours, Euclidean, majority, ties to the smallest class.  The
    usual weighted form is ``k=200, distance='cosine', weights='exp'``.

    Args:
        queries (Tensor): (q, d).
        bank (Tensor): (n, d).
        bank_labels (Tensor): (n,) int64, >= 0.
        k (int): Neighbours, in [1, n].
        distance (str): See :func:`nearest`.
        weights (str): See :func:`vote`.
        temperature (float): See :func:`vote`.
        num_classes (int, optional): See :func:`vote`.
        top (int): Classes wanted.
        device (torch.device or str, optional): See :func:`nearest`.

    Returns:
        Tensor: (q, min(top, num_classes)) int64.

    Raises:
        ValueError: As the two functions, or 'exp' without 'cosine'.
    """
    if weights == 'exp' and distance != 'cosine':
        raise ValueError(
            "weights='exp' weighs cosine similarities; set "
            f"distance='cosine', got {distance!r}"
        )
    found = nearest(queries, bank, k, distance, device)
    return vote(found, bank_labels, num_classes, weights, temperature, top)
