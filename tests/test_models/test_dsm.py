# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM: the authors' losses and gradients, its queue, and its properties."""

import math

import numpy as np
import pytest
import torch
from golden import assert_golden, load_golden
from torch import nn

from mmssl.models.algorithms.dsm import (
    overlapping,
    reversed_rows,
    triplet_margin,
)
from mmssl.models.layers import FeatureQueue
from mmssl.models.losses import contrast_logits, info_nce, unit_rows
from mmssl.registry import MODELS
from mmssl.structures import DataSample

F64, F32 = torch.float64, torch.float32


def build(name='DSM', **kwargs):
    cfg = dict(
        type=name,
        backbone=dict(type='R2Plus1D10', base_channels=4),
        neck=dict(type='ProjectionMLP', sizes=(32, 6)),
        sld=dict(type='SpatialLocalWarp'),
    )
    if name == 'DSM':
        cfg.update(queue_length=10)
    model = MODELS.build(cfg | kwargs)
    model.init_weights()
    return model


@pytest.fixture
def clips():
    """Anchor, positive and negative of four videos."""
    generator = torch.Generator().manual_seed(1)
    shape = (4, 3, 4, 16, 16)
    return [torch.randn(shape, generator=generator) for _ in range(3)]


@pytest.mark.parametrize('dtype', [F64, F32])
def test_both_steps_of_the_contrast_are_the_authors(dtype):
    g = load_golden('dsm/dsm_contrast.npz')
    temperature = g['T'].item()
    queue = FeatureQueue(8, 12, wrap=True).to(dtype)
    queue.rows.copy_(g['memory_before'])
    queue.written += int(g['start'])
    for step in '01':
        q, k, n = (g[f'{name}{step}'].to(dtype) for name in 'qkn')
        q.requires_grad_()
        n.requires_grad_()
        logits = contrast_logits(q, k, queue.rows, temperature, n)
        loss = info_nce(q, k, queue.rows, temperature, n)
        loss.backward()
        assert_golden(logits, g[f'logits{step}'], 1e-6)
        assert_golden(loss, g[f'loss{step}'], 1e-6)
        assert_golden(q.grad, g[f'grad_q{step}'], 1e-6)
        assert_golden(n.grad, g[f'grad_n{step}'], 1e-6)
        queue.push(k)
        queue.write()
        assert_golden(queue.rows, g[f'memory_after{step}'], 1e-7)
        assert queue.pointer == g[f'index_after{step}']


@pytest.mark.parametrize(('dtype', 'tolerance'), [(F64, 1e-12), (F32, 1e-6)])
def test_triplets_are_the_authors(dtype, tolerance):
    g = load_golden('dsm/dsm_triplet.npz')
    q, k, n = (g[name].to(dtype).requires_grad_() for name in 'qkn')
    margin = g['margin'].item()
    intra = triplet_margin(q, k, n, margin)
    inter = triplet_margin(q, k, reversed_rows(n), margin)
    (intra + inter).backward()
    assert_golden(intra, g['intra'], tolerance)
    assert_golden(inter, g['inter'], tolerance)
    for name, x in zip('qkn', (q, k, n), strict=True):
        assert_golden(x.grad, g[f'grad_{name}'], tolerance)


@torch.no_grad()
def test_loss_is_the_formula_written_out(clips):
    model = build(sld=None).double()
    clips = [clip.double() for clip in clips]
    loss = model(clips, mode='loss')['loss']
    q = unit_rows(model.neck(model.backbone(clips[0])))
    n = unit_rows(model.neck(model.backbone(clips[2])))
    k = unit_rows(model.momentum_encoder(clips[1]))
    total = 0.0
    for i in range(4):
        partners = [k[i], *model.queue.rows, n[i]]
        powers = [math.exp(q[i] @ partner / 0.07) for partner in partners]
        total -= math.log(powers[0] / sum(powers)) / 4
    assert abs(loss - total) < 1e-9


def test_triplet_loss_is_the_formula_written_out(clips):
    model = build('DSMTriplet', sld=None, intra_weight=2.0).double()
    clips = [clip.double() for clip in clips]
    losses = model(clips, mode='loss')
    q, k, n = (unit_rows(model.neck(model.backbone(c))) for c in clips)
    for name, weight, negatives in (
        ('loss_intra', 2.0, n), ('loss_inter', 1.0, n.flip(0)),
    ):  # fmt: skip
        total = 0.0
        for a, p, other in zip(q, k, negatives, strict=True):
            near = (a - p + 1e-6).norm()
            total += max(0, near - (a - other + 1e-6).norm() + 0.5) / 4
        assert abs(losses[name] - weight * total) < 1e-9


def test_the_negative_gets_a_gradient_and_the_key_none(clips):
    model = build()
    for clip in clips:
        clip.requires_grad_()
    model(clips, mode='loss')['loss'].backward()
    assert clips[0].grad.abs().sum() > 0
    assert clips[2].grad.abs().sum() > 0
    assert clips[1].grad is None
    online = [*model.backbone.parameters(), *model.neck.parameters()]
    assert all(p.grad is not None for p in online)
    target = list(model.momentum_encoder.parameters())
    assert target and not any(p.requires_grad for p in target)


def test_the_gradient_drives_the_negative_away_from_the_query():
    q, k, n = (unit_rows(torch.randn(5, 8, dtype=F64)) for _ in range(3))
    n.requires_grad_()
    rows = unit_rows(torch.randn(12, 8, dtype=F64))
    info_nce(q, k, rows, 0.07, n).backward()
    assert (n.grad.norm(dim=1) > 0).all()
    # A step against the gradient: the loss falls, n . q falls.
    assert ((-n.grad) * q).sum(1).max() < 0


def test_a_negative_equal_to_the_key_costs_at_least_ln_2():
    q, k = (unit_rows(torch.randn(5, 8, dtype=F64)) for _ in range(2))
    rows = unit_rows(torch.randn(12, 8, dtype=F64))
    for temperature in (0.07, 0.5):
        each = [
            info_nce(q[i : i + 1], k[i : i + 1], rows, temperature,
                     k[i : i + 1])
            for i in range(5)
        ]  # fmt: skip
        assert min(each) >= math.log(2)
    flat = info_nce(q, k, rows, 1e9, k)
    assert abs(flat - math.log(12 + 2)) < 1e-7


def test_the_scene_of_the_anchor_alone_is_warped(clips):
    class Marked(nn.Module):
        def forward(self, clip):
            return clip + 100

    model = build()
    model.sld = Marked()
    anchor, positive, negative = model.triplet(clips)
    assert torch.equal(anchor, clips[0] + 100)
    assert torch.equal(positive, clips[1])
    assert torch.equal(negative, clips[2])
    model.foreign_negative = True
    assert torch.equal(model.triplet(clips)[2][1], clips[2][0])


def test_the_queue_takes_the_keys_after_the_step_and_wraps(clips):
    model = build(sld=None)
    keys = []
    for step in range(3):
        before = model.queue.rows.clone()
        model([clip + step for clip in clips], mode='loss')
        assert torch.equal(model.queue.rows, before)
        keys.append(model.queue.pending[0])
        model.update_queue()
    last = torch.cat(keys)[-10:]  # 12 keys in a ring of 10 rows
    rows = model.queue.rows.roll(-model.queue.pointer, 0)
    assert model.queue.pointer == 2
    assert torch.equal(rows, last)
    norms = FeatureQueue(128, 4000, init='uniform').rows.norm(dim=1)
    assert abs(norms.mean() - 1) < 0.01


def test_the_momentum_encoder_follows_parameters_only(clips):
    model = build(momentum=0.9)
    online = dict(model.backbone.named_parameters())
    copied = dict(model.momentum_encoder.backbone.named_parameters())
    assert all(torch.equal(copied[n], online[n]) for n in online)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {n: p.clone() for n, p in copied.items()}
    model(clips, mode='loss')['loss'].backward()
    optimizer.step()
    model.update_target(0.5)
    for name, parameter in online.items():
        expected = 0.9 * before[name] + 0.1 * parameter
        assert torch.allclose(copied[name], expected, atol=1e-6)
    own = dict(model.momentum_encoder.backbone.named_buffers())
    for name, buffer in model.backbone.named_buffers():
        if name.endswith('running_mean'):
            assert not torch.equal(own[name], buffer)


def test_negatives_that_show_the_anchors_frames_are_counted(clips):
    walks = np.arange(8) * 2
    near = np.stack([walks, walks, walks + 4])  # six of eight shared
    far = np.stack([walks, walks, walks + 8])  # four of eight
    assert overlapping([near]) == 1.0
    assert overlapping([near, far]) == 0.5
    samples = [DataSample(clip_frames=c) for c in (near, far, far, far)]
    losses = build()(clips, samples, mode='loss')
    assert losses['negative_overlap'] == 0.25
    assert 'negative_overlap' not in build()(clips, mode='loss')


@pytest.mark.parametrize(
    ('name', 'settings', 'words'),
    [
        ('DSM', dict(temperature=0.0), 'temperature must be > 0, got 0'),
        ('DSM', dict(momentum=1.5), 'must be in .0, 1., got 1.5'),
        ('DSM', dict(queue_length=0), 'queue length must be > 0, got 0'),
        ('DSMTriplet', dict(margin=0.0), 'margin must be > 0, got 0'),
    ],
)
def test_settings_outside_their_range_are_refused(name, settings, words):
    with pytest.raises(ValueError, match=words):
        build(name, **settings)


def test_batches_that_cannot_train_are_refused(clips):
    with pytest.raises(ValueError, match='at least 3 views'):
        build()(clips[:2], mode='loss')
    model = build(queue_length=3)
    with pytest.raises(ValueError, match='queue has 3 rows and cannot hold'):
        model(clips, mode='loss')
