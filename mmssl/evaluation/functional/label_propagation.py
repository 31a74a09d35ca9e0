# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Masks carried through a video by the likeness of features.

The protocol of CRW (https://arxiv.org/abs/2006.14613) and Dense-VOS
(https://arxiv.org/abs/2111.06265): a cell takes the labels of the cells most
like it, of the annotated frame and of a few frames before.
"""

import math
from collections.abc import (
    Callable,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.evaluation.functional.davis import VOID

TILE = 12  # cells a side: small windows to compare, few copies of them


class Prediction(NamedTuple):
    """Of one frame: ``ids`` (h, w) uint8, ``scores`` (h, w) of the winner."""

    ids: Tensor
    scores: Tensor


@torch.no_grad()
def propagate_labels(
    query: Tensor,
    context: Sequence[Tensor],
    labels: Sequence[Tensor],
    radius: float = 12,
    topk: int = 10,
    temperature: float = 0.05,
    long_term: int = 1,
    repeats: Sequence[int] | None = None,
) -> Tensor:
    r"""Labels of a frame from those of its context.

    Cell i takes :math:`\sum_j w_{ij} l_j`, where w is the softmax of
    :math:`f_i \cdot f_j / \tau` over its top k cells j of all context
    frames together.  In frames that are not long-term, only cells nearer
    than the radius count.  Equal to comparing everything with everything;
    only windows are compared, tile by tile, so memory beside the inputs is
    bounded (about 70 MB for 20 frames of 60 x 107 cells of 512 numbers).

    Args:
        query (Tensor): (h, w, k) features, of unit length for cosines.
        context (Sequence[Tensor]): c maps (h, w, k), long-term ones first.
        labels (Sequence[Tensor]): c maps (h, w, m).
        radius (float): In cells, > 0; distances are Euclidean and must be
            strictly smaller; ``math.inf`` for no limit.
        topk (int): Cells that count; fewer where there are not as many.
        temperature (float): Divisor of the products, > 0.
        long_term (int): Leading frames without a radius, in [0, c].
        repeats (Sequence[int], optional): How often each context frame
            counts, >= 1; defaults to once.

    Returns:
        Tensor: (h, w, m), not normalised again.

    Raises:
        ValueError: Maps or settings do not fit.
    """
    _check(query, context, labels, radius, topk, temperature, long_term)
    height, width, _ = query.shape
    device = query.device
    if repeats is None:
        repeats = [1] * len(context)
    repeats = torch.tensor(repeats, device=device)
    table = torch.stack(list(labels)).flatten(0, 2)  # (c h w, m)
    result = table.new_empty(height, width, table.shape[1])
    groups = [
        (range(long_term), math.inf),
        (range(long_term, len(context)), radius),
    ]
    for rows, columns in _tiles(height, width):
        tile = query[rows, columns].flatten(0, 1)  # (n, k)
        found = [
            _candidates(
                tile, (rows, columns), context, frames, limit, topk,
                repeats[frames.start : frames.stop],
            )
            for frames, limit in groups
            if frames
        ]  # fmt: skip
        values, cells = (torch.cat(x, 1) for x in zip(*found, strict=True))
        values, order = values.topk(min(topk, values.shape[1]))
        weights = (values / temperature).softmax(1)[:, None]
        labels_of = table[cells.gather(1, order)]  # (n, topk, m)
        found = weights.to(table.dtype) @ labels_of
        shape = (rows.stop - rows.start, columns.stop - columns.start, -1)
        result[rows, columns] = found.view(shape)
    return result


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield (
                slice(top, min(top + TILE, height)),
                slice(left, min(left + TILE, width)),
            )


def _candidates(
    tile: Tensor,
    place: tuple[slice, slice],
    context: Sequence[Tensor],
    frames: range,
    radius: float,
    topk: int,
    repeats: Tensor,
) -> tuple[Tensor, Tensor]:
    """Best products and their cells, (n, candidates) each.

    The k best of all frames lie at the k places with the best of their
    frames, so only these places are sorted; a repeated frame's candidates
    are repeated.
    """
    height, width, _ = context[0].shape
    rows, columns = (
        _grown(side, radius, size)
        for side, size in zip(place, (height, width), strict=True)
    )
    window = torch.stack([context[t][rows, columns] for t in frames])
    _, high, wide, _ = window.shape
    scores = (tile @ window.flatten(0, 2).T).view(
        len(tile), len(frames), high * wide
    )
    best = scores.amax(1)
    if radius < math.inf:
        near = _near(place, (rows, columns), radius, tile.device)
        best.masked_fill_(~near, -math.inf)
    best, places = best.topk(min(topk, high * wide))
    every = places[:, None].expand(-1, len(frames), -1)
    values = scores.gather(2, every)
    values.masked_fill_((best == -math.inf)[:, None], -math.inf)
    row = rows.start + every.div(wide, rounding_mode='floor')
    column = columns.start + every % wide
    offset = torch.arange(frames.start, frames.stop, device=tile.device)
    cells = offset[:, None] * (height * width) + row * width + column
    return (
        values.repeat_interleave(repeats, 1).flatten(1),
        cells.repeat_interleave(repeats, 1).flatten(1),
    )


def _grown(side: slice, radius: float, size: int) -> slice:
    """What of a side of the map can be nearer than the radius."""
    reach = size if radius == math.inf else math.ceil(radius) - 1
    return slice(max(0, side.start - reach), min(size, side.stop + reach))


def _near(place, window, radius: float, device) -> Tensor:
    """Cells of the window within the radius of each of the tile, (n, w)."""
    square = [
        (
            torch.arange(inner.start, inner.stop, device=device)[:, None]
            - torch.arange(outer.start, outer.stop, device=device)
        ).square()
        for inner, outer in zip(place, window, strict=True)
    ]
    rows, columns = square  # (h, H), (w, W)
    distance = rows[:, None, :, None] + columns[None, :, None]
    return (distance < radius**2).flatten(0, 1).flatten(1)


def _check(query, context, labels, radius, topk, temperature, long_term):
    if not len(context) or len(context) != len(labels):
        raise ValueError(
            'context and labels need as many maps, at least one, got '
            f'{len(context)} and {len(labels)}'
        )
    for feature, label in zip(context, labels, strict=True):
        if feature.shape != query.shape or label.shape[:2] != query.shape[:2]:
            raise ValueError(
                'the features (h, w, k) of all frames must have one size, '
                f'and labels (h, w, m) theirs; got {tuple(query.shape)} and '
                f'in the context {tuple(feature.shape)} with labels '
                f'{tuple(label.shape)}'
            )
    if radius <= 0 or topk < 1 or temperature <= 0:
        raise ValueError(
            'radius and temperature must be above 0 and topk at least 1, '
            f'got {radius}, {temperature} and {topk}'
        )
    if not 0 <= long_term <= len(context):
        raise ValueError(
            f'long_term must be in [0, {len(context)}], the context frames, '
            f'got {long_term}'
        )


def reduce_masks(
    ids: Tensor, objects: Sequence[int], size: tuple[int, int]
) -> Tensor:
    """Soft masks of some objects at the size of the features.

    Args:
        ids (Tensor): (H, W) object numbers.
        objects (Sequence[int]): m numbers wanted.
        size (tuple[int, int]): h and w.

    Returns:
        Tensor: (h, w, m) float64 in [0, 1], bilinear with aligned corners.
    """
    numbers = torch.tensor(list(objects), device=ids.device)
    masks = (ids[None] == numbers[:, None, None]).double()
    return _resize(masks, size).permute(1, 2, 0)


def decode_labels(
    labels: Tensor, objects: Sequence[int], size: tuple[int, int]
) -> Prediction:
    """Object numbers at the size of the frame.

    Args:
        labels (Tensor): (h, w, m) soft masks.
        objects (Sequence[int]): Number of each of the m masks, in [0, 255].
        size (tuple[int, int]): H and W.

    Returns:
        Prediction: Where masks are equal, the earlier one wins.
    """
    masks = _resize(labels.permute(2, 0, 1), size)
    scores, winner = masks.max(0)
    numbers = torch.tensor(list(objects), device=labels.device)
    return Prediction(numbers[winner].to(torch.uint8), scores)


def _resize(masks: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(
        masks[None], size, mode='bilinear', align_corners=True
    )[0]


@torch.no_grad()
def propagate_sequence(
    features: Iterable[Tensor],
    annotations: Mapping[int, Tensor],
    context: int = 20,
    radius: float = 12,
    topk: int = 10,
    temperature: float = 0.05,
) -> Iterator[Prediction]:
    """Masks of all frames of a video from those of some.

    The context of frame t is the annotated frame t0, without a radius, and
    the frames t - context to t - 1, in which t0 stands for every frame
    before it: then it counts several times, as published.  Objects that
    appear later have a t0 and a context of their own; numbers known before
    are not read again.  Before the first annotation all is background.

    Args:
        features (Iterable[Tensor]): t maps (k, h, w) in order, of any
            length; they are normalised here.
        annotations (Mapping[int, Tensor]): Frame to (H, W) object numbers
            in [0, 254]; 255 is background.
        context (int): Frames before, >= 1.
        radius (float): See :func:`propagate_labels`.
        topk (int): See :func:`propagate_labels`.
        temperature (float): See :func:`propagate_labels`.

    Yields:
        Prediction: Of each frame, at the size of the annotations.

    Raises:
        ValueError: No annotations, of several sizes, without objects, or
            as :func:`propagate_labels`.
    """
    objects, starts, size = _introductions(annotations)
    if context < 1:
        raise ValueError(f'context must be at least 1 frame, got {context}')
    # The background belongs to the objects that come first.
    first = min(starts)
    groups = {
        t: ([0] if t == first else []) + numbers
        for t, numbers in starts.items()
    }
    channel = {number: i for i, number in enumerate(objects)}
    memory: dict[int, tuple[Tensor, Tensor]] = {}
    for t, feature in enumerate(features):
        feature = _unit(feature)
        labels = feature.new_zeros(*feature.shape[:2], len(objects))
        for start, numbers in groups.items():
            if start < t:
                picked = [channel[number] for number in numbers]
                labels[..., picked] = _from_context(
                    feature, memory, start, t, context, picked,
                    radius=radius, topk=topk, temperature=temperature,
                )  # fmt: skip
        if t in groups:
            ids = torch.as_tensor(annotations[t]).to(feature.device)
            ids = ids.masked_fill(ids == VOID, 0)
            picked = [channel[number] for number in groups[t]]
            new = torch.zeros_like(labels)
            new[..., picked] = reduce_masks(
                ids, groups[t], feature.shape[:2]
            ).to(labels)
            covered = new.sum(-1, keepdim=True)
            labels = (1 - covered) * labels + covered * new
        memory[t] = feature, labels
        _forget(memory, t - context, groups)
        yield decode_labels(labels, objects, size)


@torch.no_grad()
def propagate_maps(
    features: Iterable[Tensor],
    first_labels: Callable[[tuple[int, int]], Tensor],
    context: int = 20,
    radius: float = 12,
    topk: int = 10,
    temperature: float = 0.05,
) -> Iterator[Tensor]:
    """Any soft labels of the first frame, carried as masks are.

    Args:
        features (Iterable[Tensor]): See :func:`propagate_sequence`.
        first_labels (Callable): From (h, w) of the features to the labels
            (h, w, m) of the first frame.
        context (int): Frames before, >= 1.
        radius (float): See :func:`propagate_labels`.
        topk (int): See :func:`propagate_labels`.
        temperature (float): See :func:`propagate_labels`.

    Yields:
        Tensor: (h, w, m) of each frame, the first one as given.

    Raises:
        ValueError: As :func:`propagate_labels`.
    """
    if context < 1:
        raise ValueError(f'context must be at least 1 frame, got {context}')
    memory: dict[int, tuple[Tensor, Tensor]] = {}
    for t, feature in enumerate(features):
        feature = _unit(feature)
        if t == 0:
            labels = first_labels(tuple(feature.shape[:2])).to(feature)
            picked = list(range(labels.shape[-1]))
        else:
            labels = _from_context(
                feature, memory, 0, t, context, picked,
                radius=radius, topk=topk, temperature=temperature,
            )  # fmt: skip
        memory[t] = feature, labels
        _forget(memory, t - context, (0,))
        yield labels


def _unit(feature: Tensor) -> Tensor:
    """(k, h, w) to (h, w, k) with vectors of unit length."""
    return F.normalize(feature, dim=0).permute(1, 2, 0).contiguous()


def _forget(memory: dict, last: int, kept: Container[int]) -> None:
    """Drop the frames up to the last, but for those kept."""
    for old in [t for t in memory if t <= last and t not in kept]:
        del memory[old]


def _from_context(
    feature: Tensor,
    memory: Mapping[int, tuple[Tensor, Tensor]],
    start: int,
    t: int,
    context: int,
    picked: list[int],
    **settings,
) -> Tensor:
    """What the frames since ``start`` say about its objects, (h, w, m)."""
    before = range(max(start, t - context), t)
    repeats = [1] * len(before)
    repeats[0] += context - len(before)  # the start stands for older ones
    entries = [memory[s] for s in (start, *before)]
    return propagate_labels(
        feature,
        [feature for feature, _ in entries],
        [labels[..., picked] for _, labels in entries],
        repeats=[1, *repeats],
        **settings,
    )


def _introductions(
    annotations: Mapping[int, Tensor],
) -> tuple[list[int], dict[int, list[int]], tuple[int, int]]:
    """Numbers, background first; the new ones of each frame; the size."""
    known, starts, sizes = {0, VOID}, {}, set()
    for t in sorted(annotations):
        ids = torch.as_tensor(annotations[t])
        sizes.add(tuple(ids.shape))
        new = sorted(set(ids.unique().tolist()) - known)
        if new:
            starts[t] = new
            known.update(new)
    if not starts:
        raise ValueError(
            'there is no object to follow: a sequence needs an annotation '
            'with at least one object number above 0'
        )
    if len(sizes) > 1:
        raise ValueError(
            'the annotations of a sequence must have one size, got '
            f'{sorted(sizes)}'
        )
    return sorted(known - {VOID}), starts, sizes.pop()
