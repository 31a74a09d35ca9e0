# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The mathematics of video question answering, as functions of tensors.

K options of B questions; T sentences; N frames.  What the paper leaves open
is marked "reconstructed".
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mmssl.models.losses import check_temperature, full_precision
from mmssl.utils.spans import best_pair

SIMILARITIES = ('dot', 'cosine')


@full_precision
def local_attention(
    sentences: Tensor, frames: Tensor, query: Tensor, key: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    r"""Each sentence looks at the frames of its own time.

    .. math::
        e_{tj} = (W_q H_t) \cdot (W_k V_j) / \sqrt d, \quad
        \alpha_t = \mathrm{softmax}_{j \in L_t} e_{tj}, \quad
        U_t = \sum_j \alpha_{tj} V_j

    Reconstructed; see ``mmssl.utils.spans.aligned_frames`` for L_t.

    Args:
        sentences (Tensor): (..., T, d), H.
        frames (Tensor): (..., N, d), V.
        query (Tensor): (d, d), W_q, applied as ``H @ W_q.T``.
        key (Tensor): (d, d), W_k.
        mask (Tensor): (..., T, N) bool, the frames of each sentence.

    Returns:
        tuple[Tensor, Tensor]: (..., T, d), 0 where a sentence has no frame;
        (..., T, N), rows that sum to 1, or to 0 without a frame.
    """
    size = sentences.shape[-1]
    scores = (sentences @ query.T) @ (frames @ key.T).mT / math.sqrt(size)
    # The lowest number, not -inf: a row without any frame is no NaN.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    attention = scores.softmax(-1).masked_fill(~mask, 0.0)
    return attention @ frames, attention


def max_over_time(x: Tensor, mask: Tensor) -> Tensor:
    """Maximum over the valid sentences.

    Args:
        x (Tensor): (..., T, c).
        mask (Tensor): (..., T) bool, at least one true in each row.

    Returns:
        Tensor: (..., c).
    """
    return x.masked_fill(~mask[..., None], -math.inf).amax(-2)


@full_precision
def span_loss(
    start: Tensor, end: Tensor, mask: Tensor, target: Tensor
) -> Tensor:
    r"""Cross-entropy of the first and of the last sentence of an annotation.

    .. math:: \tfrac12 (\mathrm{CE}(start, i) + \mathrm{CE}(end, j))

    averaged over the questions that have an annotation.  Reconstructed.

    Args:
        start (Tensor): (B, T) logits of the true option.
        end (Tensor): (B, T).
        mask (Tensor): (B, T) bool, valid sentences.
        target (Tensor): (B, 2) int64, negative without an annotation.

    Returns:
        Tensor: Scalar >= 0; 0 where no question has an annotation.
    """
    known = target[:, 0] >= 0
    if not known.any():
        return start.sum() * 0.0 + end.sum() * 0.0
    losses = [
        F.cross_entropy(
            logits[known].masked_fill(~mask[known], -math.inf),
            target[known, side],
        )
        for side, logits in enumerate((start, end))
    ]
    return 0.5 * (losses[0] + losses[1])


def decode_spans(start: Tensor, end: Tensor, mask: Tensor) -> Tensor:
    """The most likely first and last sentence, first <= last.

    Args:
        start (Tensor): (B, T) logits.
        end (Tensor): (B, T).
        mask (Tensor): (B, T) bool; a masked sentence is never chosen.

    Returns:
        Tensor: (B, 2) int64.
    """
    probabilities = [
        logits.detach()
        .double()
        .masked_fill(~mask, -math.inf)
        .softmax(-1)
        .cpu()
        .numpy()
        for logits in (start, end)
    ]
    pairs = [
        best_pair(first[:count], last[:count])
        for first, last, count in zip(
            *probabilities, mask.sum(-1).tolist(), strict=True
        )
    ]
    return torch.tensor(pairs, dtype=torch.long, device=start.device)


@full_precision
def masked_answer_contrast(
    candidates: Tensor,
    anchor: Tensor,
    target: Tensor,
    temperature: float = 1.0,
    similarity: str = 'dot',
) -> tuple[Tensor, Tensor]:
    r"""The masked true option has to find its own unmasked version.

    .. math::
        l_i = \mathrm{sim}(\tilde z, z_i) / \tau, \quad
        \ell = -\log \mathrm{softmax}(l)_g

    Negatives are the other options of the same question, not those of other
    questions.

    Args:
        candidates (Tensor): (B, K, c), z of all options.
        anchor (Tensor): (B, c), z of the masked copy of the true one.
        target (Tensor): (B,) int64, g.
        temperature (float): tau > 0; reconstructed.
        similarity (str): 'dot' or 'cosine'; reconstructed.

    Returns:
        tuple[Tensor, Tensor]: Scalar >= 0, log K for equal candidates; and
        (B, K) logits.

    Raises:
        ValueError: Unknown similarity, or temperature not above 0.
    """
    check_temperature(temperature)
    if similarity not in SIMILARITIES:
        raise ValueError(
            f'similarity must be in {SIMILARITIES}, got {similarity!r}'
        )
    if similarity == 'cosine':
        candidates = F.normalize(candidates, dim=-1, eps=1e-12)
        anchor = F.normalize(anchor, dim=-1, eps=1e-12)
    logits = (candidates @ anchor[..., None]).squeeze(-1) / temperature
    return F.cross_entropy(logits, target), logits
