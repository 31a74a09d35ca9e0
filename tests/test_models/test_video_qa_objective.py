# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Losses and decoding against recorded values and closed forms."""

import math

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.algorithms.video_qa.objective import (
    decode_spans,
    local_attention,
    masked_answer_contrast,
    max_over_time,
    span_loss,
)
from mmssl.registry import MODELS
from mmssl.utils.spans import aligned_frames

F64, F32 = torch.float64, torch.float32
both = pytest.mark.parametrize('dtype', [F64, F32])


@both
@pytest.mark.parametrize('case', ['dot', 'cosine'])
def test_contrast_loss_and_gradients_are_the_recorded_ones(case, dtype):
    g = load_golden(f'videoqa/derived_contrastive_{case}.npz')
    candidates = g['candidates'].to(dtype).requires_grad_()
    anchor = g['anchor'].to(dtype).requires_grad_()
    loss, logits = masked_answer_contrast(
        candidates, anchor, g['target'], g['temperature'].item(), case
    )
    loss.backward()
    exact = 1e-9 if dtype == F64 else 1e-5
    assert_golden(logits, g['logits'], exact)
    assert_golden(loss, g['loss'], exact)
    assert_golden(candidates.grad, g['grad_candidates'], 1e-5)
    assert_golden(anchor.grad, g['grad_anchor'], 1e-5)


def attention_case(dtype):
    g = load_golden('videoqa/derived_local_attention.npz')
    spans = torch.stack([g['sub_start'], g['sub_end']], -1).to(dtype)
    times = g['frame_time'].to(dtype)
    valid = torch.ones(len(times), dtype=torch.bool)
    names = ('h', 'v', 'Wq', 'Wk')
    return g, spans, times, valid, [g[name].to(dtype) for name in names]


@both
def test_local_attention_is_the_recorded_one(dtype):
    g, spans, times, valid, parts = attention_case(dtype)
    exact = 1e-9 if dtype == F64 else 1e-5
    mask = aligned_frames(spans, times, valid, g['margin'].item())
    assert torch.equal(mask, g['local_mask'])
    attended, attention = local_attention(*parts, mask)
    assert_golden(attention, g['attention'], exact)
    assert_golden(attended, g['attended'], exact)
    mask = aligned_frames(spans, times, valid, math.inf)
    assert mask.all()
    assert_golden(
        local_attention(*parts, mask)[0], g['attended_global'], exact
    )


@both
def test_the_gradient_of_local_attention_is_that_of_finite_differences(dtype):
    _, spans, times, valid, parts = attention_case(F64)
    mask = aligned_frames(spans, times, valid)
    parts = [part.requires_grad_() for part in parts]
    weight = torch.randn(6, 8, dtype=F64)

    def objective(*parts):
        return (local_attention(*parts, mask)[0] * weight).sum()

    assert torch.autograd.gradcheck(objective, parts)
    exact = torch.autograd.grad(objective(*parts), parts)
    parts = [part.detach().to(dtype).requires_grad_() for part in parts]
    found = local_attention(*parts, mask)[0]
    found = torch.autograd.grad((found * weight.to(dtype)).sum(), parts)
    for ours, theirs in zip(found, exact, strict=True):
        assert_golden(ours, theirs, 1e-12 if dtype == F64 else 1e-4)


@both
def test_span_loss_and_decoding_are_the_recorded_ones(dtype):
    g = load_golden('videoqa/derived_span.npz')
    start, end = (
        g[f'{side}_logits'].to(dtype).requires_grad_()
        for side in ('start', 'end')
    )
    mask = torch.arange(start.shape[1]) < g['lengths'][:, None]
    target = torch.stack([g['start_target'], g['end_target']], -1)
    loss = span_loss(start, end, mask, target)
    assert_golden(loss, g['loss'], 1e-9 if dtype == F64 else 1e-5)
    loss.backward()
    for logits, side in ((start, 0), (end, 1)):
        assert not logits.grad[~mask].any()
        expected = logits.detach().masked_fill(~mask, -math.inf).softmax(-1)
        expected[torch.arange(5), target[:, side]] -= 1
        assert_golden(logits.grad, expected / 10, 1e-6)
    assert torch.equal(decode_spans(start, end, mask), g['decoded'])


def test_spans_without_annotation_do_not_count():
    start, end = torch.randn(2, 3, 4)
    mask = torch.ones(3, 4, dtype=torch.bool)
    target = torch.tensor([[0, 1], [-1, -1], [2, 2]])
    kept = [0, 2]
    assert torch.equal(
        span_loss(start, end, mask, target),
        span_loss(start[kept], end[kept], mask[kept], target[kept]),
    )
    nothing = torch.full((3, 2), -1)
    start.requires_grad_()
    loss = span_loss(start, end, mask, nothing)
    loss.backward()
    assert loss.item() == 0 and not start.grad.any()


def test_a_span_never_ends_before_it_starts_or_in_the_padding():
    torch.manual_seed(0)
    start, end = 5 * torch.randn(2, 200, 6)
    lengths = torch.randint(1, 7, (200,))
    mask = torch.arange(6) < lengths[:, None]
    first, last = decode_spans(start, end, mask).unbind(1)
    assert (first <= last).all() and (last < lengths).all()
    p, q = (x.masked_fill(~mask, -math.inf).softmax(-1) for x in (start, end))
    product = (p[:, :, None] * q[:, None]).triu()
    rows = torch.arange(200)
    assert torch.allclose(
        product[rows, first, last], product.flatten(1).amax(1)
    )


def test_the_closed_forms_of_the_contrast():
    k, r, tau = 5, 1.7, 0.8
    candidates = torch.eye(k, dtype=F64)[None] * r
    loss, _ = masked_answer_contrast(
        candidates, candidates[:, 0], torch.tensor([0]), tau
    )
    expected = math.log(1 + (k - 1) * math.exp(-(r**2) / tau))
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    same = torch.ones(1, k, 3, dtype=F64)
    for similarity in ('dot', 'cosine'):
        loss, _ = masked_answer_contrast(
            same, torch.randn(1, 3, dtype=F64), torch.tensor([2]), tau,
            similarity,
        )  # fmt: skip
        assert loss.item() == pytest.approx(math.log(k), abs=1e-12)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(similarity='angle'), 'similarity must be in'),
        (dict(temperature=0.0), 'temperature must be > 0'),
    ],
)
def test_impossible_contrasts_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(type='MaskedAnswerContrastHead', **settings))
    with pytest.raises(ValueError, match=message):
        masked_answer_contrast(
            torch.zeros(1, 2, 3), torch.zeros(1, 3), torch.tensor([0]),
            **settings,
        )  # fmt: skip


def test_half_precision_is_computed_in_single():
    candidates, anchor = torch.randn(2, 5, 4), torch.randn(2, 4)
    target = torch.tensor([1, 3])
    half, _ = masked_answer_contrast(
        candidates.bfloat16(), anchor.bfloat16(), target
    )
    assert half.dtype == torch.float32


def test_a_sentence_without_frames_sees_nothing_and_gives_no_nan():
    h = torch.randn(2, 3, requires_grad=True)
    v, w = torch.randn(4, 3), torch.eye(3)
    mask = torch.tensor([[True, False, False, False], [False] * 4])
    attended, attention = local_attention(h, v, w, w, mask)
    attended.sum().backward()
    assert torch.equal(attended[0], v[0])  # one frame: exactly that frame
    assert not attended[1].any() and not attention[1].any()
    assert h.grad.isfinite().all()
    attended, _ = local_attention(h, v[:0], w, w, mask[:, :0])
    assert attended.shape == (2, 3) and not attended.any()


def test_frames_outside_the_span_change_nothing():
    _, spans, times, valid, (h, v, query, key) = attention_case(F64)
    mask = aligned_frames(spans, times, valid)
    row = 2  # the sentence looked at
    v.requires_grad_()
    attended, _ = local_attention(h, v, query, key, mask)
    attended[row].sum().backward()
    assert not v.grad[~mask[row]].any() and v.grad[mask[row]].any()
    outside = (~mask[row]).nonzero()[:, 0]
    mixed = v.detach().clone()
    mixed[outside] = mixed[outside.flip(0)]
    again, _ = local_attention(h, mixed, query, key, mask)
    assert torch.equal(again[row], attended[row])


def test_the_maximum_over_time_ignores_padding():
    x = -torch.rand(2, 3, 4) - 1
    mask = torch.tensor([[True, True, False], [True, False, False]])
    found = max_over_time(x, mask)
    assert torch.equal(found[0], x[0, :2].amax(0))
    assert torch.equal(found[1], x[1, 0])
