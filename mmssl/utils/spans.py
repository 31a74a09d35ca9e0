# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Spans of time: sentences, frames and annotations of a clip.

A span is (start, end) in seconds.  Frame j of a clip sampled at ``fps``
frames a second stands for the moment j / fps.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

Span = tuple[float, float]
MAX_FRAMES = 300  # of a clip, https://github.com/jayleicn/TVQA


def aligned_frames(
    spans: Tensor, times: Tensor, valid: Tensor, margin: float = 0.0
) -> Tensor:
    r"""Which frames a sentence may look at.

    .. math:: L_t = \{ j : a_t - \delta \le \tau_j \le b_t + \delta \}

    and where that is empty, the valid frame nearest to the middle of the
    sentence, the first of equals.

    Args:
        spans (Tensor): (..., t, 2), of the sentences.
        times (Tensor): (..., n) moments of the frames.
        valid (Tensor): (..., n) bool, False for padding.
        margin (float): delta, seconds; infinite for all frames.

    Returns:
        Tensor: (..., t, n) bool; a row is empty only where no frame is valid.
    """
    start, end = spans[..., :1], spans[..., 1:]
    moments = times[..., None, :]
    inside = (moments >= start - margin) & (moments <= end + margin)
    inside = inside & valid[..., None, :]
    away = (moments - (start + end) / 2).abs()
    away = away.masked_fill(~valid[..., None, :], math.inf)
    if away.shape[-1] == 0:
        return inside
    # argmin names any of equals: the first is the one with the least index.
    least = away == away.amin(-1, keepdim=True)
    first = least & (least.cumsum(-1) == 1) & valid[..., None, :]
    return torch.where(inside.any(-1, keepdim=True), inside, first)


def span_to_sentences(
    sentences: Sequence[Span], span: Span
) -> tuple[int, int]:
    """First and last sentence that overlap a span by more than 0 s.

    Where none does: the sentence whose middle is nearest to that of the
    span, twice.

    Args:
        sentences (Sequence[Span]): At least one.
        span (Span): The annotation.

    Returns:
        tuple[int, int]: Indices of sentences.

    Raises:
        ValueError: There is no sentence.
    """
    if not len(sentences):
        raise ValueError('a span needs at least one sentence to point at')
    start, end = span
    met = [
        t
        for t, (a, b) in enumerate(sentences)
        if min(b, end) - max(a, start) > 0
    ]
    if met:
        return met[0], met[-1]
    away = [abs((a + b) / 2 - (start + end) / 2) for a, b in sentences]
    nearest = int(np.argmin(away))
    return nearest, nearest


def temporal_iou(one: Span, other: Span) -> float:
    """Shared part of the hull of two spans, in [0, 1].

    As https://github.com/jayleicn/TVQAplus: 0 for a hull without length and
    for a span that ends before it starts.
    """
    shared = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    hull = max(one[1], other[1]) - min(one[0], other[0])
    return shared / hull if hull else 0.0


def sampled_frames(count: int, limit: int = MAX_FRAMES) -> np.ndarray:
    """Frames kept of a clip: all, or ``limit`` at equal distances.

    Kept frame i stands for frame ``floor(i * count / limit)``, its moment is
    that of i times count / limit.

    Args:
        count (int): Frames of the clip.
        limit (int): Frames kept at most.

    Returns:
        ndarray: (min(count, limit),) int64, rising.
    """
    if count <= limit:
        return np.arange(count)
    return np.arange(limit) * count // limit


def frames_of_span(
    span: Span, count: int, fps: float = 3.0, limit: int = MAX_FRAMES
) -> tuple[int, int]:
    """Kept frames of an annotated span, widened by a second on both sides.

    ``interval2frame`` of https://github.com/jayleicn/TVQA, for the setting
    "with time stamps".

    Args:
        span (Span): The annotation.
        count (int): Frames of the clip before :func:`sampled_frames`.
        fps (float): Frames a second.
        limit (int): Frames kept at most.

    Returns:
        tuple[int, int]: First and last frame, both meant to be used.
    """
    rate = fps * min(1.0, limit / max(count, 1))
    first, last = (
        math.floor(min(max(moment, 0.0), limit))
        for moment in (span[0] * rate - fps, span[1] * rate + fps)
    )
    return (max(0, first - 3) if first == last else first), last


def frame_labels_of_span(
    span: Span, frames: Sequence[int], count: int, fps: float = 3.0
) -> tuple[int, int]:
    """First and last of given frames that lie in a span.

    ``get_ts_label`` of https://github.com/jayleicn/TVQAplus, which its
    localisation is trained with.

    Args:
        span (Span): The annotation.
        frames (Sequence[int]): Rising numbers of frames, from 0.
        count (int): Frames of the clip; above 300 the rate is lowered.
        fps (float): Frames a second.

    Returns:
        tuple[int, int]: Places in ``frames``.
    """
    rate = fps * min(1.0, MAX_FRAMES / max(count, 1))
    first = int(np.searchsorted(frames, span[0] * rate, side='left'))
    last = int(np.searchsorted(frames, span[1] * rate, side='right'))
    first, last = (min(i, len(frames) - 1) for i in (first, last))
    return first, (last if first == last else last - 1)


def best_pair(start: np.ndarray, end: np.ndarray) -> tuple[int, int]:
    """The pair ``i <= j`` with the largest ``start[i] * end[j]``.

    Ties go to the smaller start, then to the smaller end.

    Args:
        start (ndarray): (t,) probabilities, t >= 1.
        end (ndarray): (t,).
    """
    product = np.triu(np.outer(start, end))
    # Below the diagonal stands what may not win, even when all is 0.
    product[np.tril_indices(len(product), -1)] = -1.0
    first, last = np.unravel_index(product.argmax(), product.shape)
    return int(first), int(last)


def nearest_sentences(
    starts: Sequence[float], moment: float, count: int = 2
) -> list[int]:
    """The sentences that begin nearest to a moment, in order of time.

    With :func:`sentences_around` how https://github.com/jayleicn/TVQAplus
    (``find_match``) gives sentences, of which only the start is known, to a
    frame.
    """
    away = np.abs(np.asarray(starts, dtype=np.float64) - moment)
    return sorted(away.argsort(kind='stable')[:count].tolist())


def sentences_around(starts: Sequence[float], moment: float) -> list[int]:
    """The last sentence that began before a moment, and its neighbours."""
    current = max(0, int(np.searchsorted(starts, moment, side='left')) - 1)
    around = (current - 1, current, current + 1)
    return [t for t in around if 0 <= t < len(starts)]
