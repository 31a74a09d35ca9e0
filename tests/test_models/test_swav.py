# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.algorithms.swav import sinkhorn
from mmssl.models.losses import unit_rows
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


def build(backbone, **kwargs):
    cfg = dict(
        type='SwAV',
        backbone=backbone,
        neck=dict(type='ProjectionMLP', sizes=(4, 6, 5)),
        head=dict(type='PrototypeHead', embed_dim=5, num_prototypes=9),
    )
    return MODELS.build({**cfg, **kwargs})


@pytest.fixture
def swav(tiny_backbone):
    return build(tiny_backbone)


def toy(g, dtype, queue_length):
    epsilon, temperature, num_iters = g['hyper'].tolist()
    model = build(
        dict(type='IdentityNet'),
        neck=dict(type='IdentityNet', sizes=(5,)),
        num_crops=g['num_crops'].tolist(),
        temperature=temperature,
        epsilon=epsilon,
        num_iters=int(num_iters),
        queue_length=queue_length,
    ).to(dtype)
    model.head.prototypes.weight.data = g['prototypes_raw'].to(dtype)
    model.head.normalize()
    return model


def newest_first(rows, n):
    """Blocks of n rows of a full ring whose pointer is 0, turned round."""
    return torch.cat(rows.split(n)[::-1])


@pytest.mark.parametrize('dtype', [F64, F32])
@pytest.mark.parametrize('case', ['a_', 'multicrop_', 'queue_'])
def test_loss_gradients_codes_and_queue_are_the_authors(case, dtype):
    g = load_golden('image_baselines/swav.npz', case)
    tolerance = 1e-8 if dtype == F64 else 1e-4
    model = toy(g, dtype, 18 if case == 'queue_' else 0)
    weight = model.head.prototypes.weight
    for queue, rows in zip(
        model.queues, g.get('queue_init', []), strict=False
    ):
        queue.rows.copy_(newest_first(rows, 6))
        queue.written += 18
    for step, z in enumerate(g['z']):
        model.zero_grad()
        z = z.to(dtype).requires_grad_()
        loss = model.swapped_prediction(z.chunk(sum(model.num_crops)))
        loss.backward()
        if step == 0:
            scores = model.head(z[:6])
            assert_golden(scores, g['scores_crop0'], tolerance)
            codes = sinkhorn(scores, model.epsilon, model.num_iters)
            assert_golden(codes, g['codes_crop0_noqueue'], tolerance)
        assert_golden(loss, g['loss'][step], tolerance)
        assert_golden(z.grad, g['grad_z'][step], tolerance)
        assert_golden(weight.grad, g['grad_prototypes'][step], tolerance)
        model.update_target(1.0)
        model.update_queue()
    for queue, rows in zip(
        model.queues, g.get('queue_final', []), strict=False
    ):
        ring = torch.cat([queue.rows[queue.pointer :], queue.rows])[:18]
        assert_golden(newest_first(ring, 6), rows, tolerance)


def test_sinkhorn_is_the_listing_written_out():
    scores = unit_rows(torch.randn(6, 4, dtype=F64))
    q = torch.exp(scores / 0.05).T
    q = q / q.sum()
    for _ in range(3):
        for p in range(4):
            q[p] = q[p] / q[p].sum() / 4
        for b in range(6):
            q[:, b] = q[:, b] / q[:, b].sum() / 6
    torch.testing.assert_close(sinkhorn(scores), (q * 6).T)


def test_codes_share_the_batch_among_prototypes():
    def masses(rounds):
        codes = sinkhorn(scores, num_iters=rounds)
        torch.testing.assert_close(codes.sum(1), torch.ones(256, dtype=F64))
        return codes.sum(0) / (256 / 30)

    z, prototypes = (
        unit_rows(torch.randn(n, 128, dtype=F64)) for n in (256, 30)
    )
    scores = z @ prototypes.T
    assert (masses(3) - 1).abs().max() < 0.02
    assert (masses(50) - 1).abs().max() < 1e-6


def test_codes_stay_finite_for_half_precision_scores():
    scores = torch.eye(4, dtype=torch.float16)  # exp(20) is no float16
    codes = sinkhorn(scores)
    assert codes.dtype == F32
    assert torch.allclose(codes, torch.eye(4), atol=1e-6)


def test_loss_is_the_papers_formula_written_out(swav):
    z = [unit_rows(torch.randn(6, 5)) for _ in range(2)]
    scores = [swav.head(x) for x in z]
    expected = 0.0
    for i, j in [(0, 1), (1, 0)]:
        codes = sinkhorn(scores[i])
        for n in range(6):
            exps = [math.exp(s / 0.1) for s in scores[j][n].tolist()]
            expected -= sum(
                codes[n, p] * math.log(e / sum(exps))
                for p, e in enumerate(exps)
            )
    torch.testing.assert_close(swav.swapped_prediction(z), expected / 12)


def test_codes_carry_no_gradient_and_prototypes_do(swav, views):
    assert not swav.codes(torch.randn(4, 9, requires_grad=True), 0).grad_fn
    swav(views, mode='loss')['loss'].backward()
    assert all(p.grad is not None for p in swav.parameters())


def test_prototypes_are_unit_vectors_after_start_and_each_step(swav, views):
    def lengths():
        return swav.head.prototypes.weight.norm(dim=1)

    one = torch.ones(9)
    assert torch.allclose(lengths(), one)
    swav.head.prototypes.weight.data.mul_(3)
    swav.head.init_weights()
    assert torch.allclose(lengths(), one)
    optimizer = torch.optim.SGD(swav.parameters(), lr=1.0)
    swav(views, mode='loss')['loss'].backward()
    optimizer.step()
    assert not torch.allclose(lengths(), one, atol=1e-4)
    swav.update_target(0.0)
    assert torch.allclose(lengths(), one)


def test_loss_changes_no_state(tiny_backbone, views):
    model = build(tiny_backbone, queue_length=16)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model(views, mode='loss')
    for name, value in model.state_dict().items():
        if 'running' not in name and 'num_batches' not in name:
            assert torch.equal(value, before[name]), name


def test_crops_of_one_size_share_a_backbone_pass(tiny_backbone, views):
    model = build(tiny_backbone, num_crops=(2, 3))
    calls = []
    model.backbone.register_forward_pre_hook(
        lambda module, args: calls.append(tuple(args[0].shape))
    )
    small = [torch.randn(8, 3, 4, 4) for _ in range(3)]
    assert model([*views, *small], mode='loss')['loss'] > 0
    assert calls == [(16, 3, 8, 8), (24, 3, 4, 4)]


def test_queue_fills_from_its_start_and_joins_only_when_full(tiny_backbone):
    torch.manual_seed(3)
    model = build(tiny_backbone, queue_length=16, queue_start=0.5)
    plain = build(tiny_backbone)
    plain.load_state_dict(model.state_dict(), strict=False)

    def step(progress):
        views = [torch.randn(8, 3, 8, 8) for _ in range(2)]
        losses = []
        for each in (model, plain):
            losses.append(each(views, mode='loss')['loss'])
            each.update_target(progress)
            each.update_queue()
        return losses

    for progress in (0.0, 0.4, 0.5, 0.6):
        with_queue, without = step(progress)
        assert torch.equal(with_queue, without)
    assert [q.written.item() for q in model.queues] == [16, 16]
    with_queue, without = step(0.7)
    assert not torch.equal(with_queue, without)


def test_clips_are_views_too():
    @MODELS.register_module(name='TinySwAVClipNet', force=True)
    class TinySwAVClipNet(torch.nn.Conv3d):
        pass

    model = build(
        dict(
            type='TinySwAVClipNet',
            in_channels=3,
            out_channels=4,
            kernel_size=2,
        ),
        num_crops=(3,),
    )
    clips = [torch.randn(4, 3, 3, 6, 6) for _ in range(3)]
    model(clips, mode='loss')['loss'].backward()
    assert model.backbone.weight.grad.abs().sum() > 0


def test_bad_input_is_refused_in_one_sentence(tiny_backbone, swav, views):
    with pytest.raises(ValueError, match='SwAV needs at least 2 views'):
        swav(views[:1], mode='loss')
    with pytest.raises(ValueError, match=r'\(2,\) needs 2 views, got 3'):
        swav([*views, views[0]], mode='loss')
    small = torch.randn(8, 3, 4, 4)
    with pytest.raises(ValueError, match=r'one size .* got \[\(8, 8\), \(4'):
        swav([views[0], small], mode='loss')
    with pytest.raises(ValueError, match=r'at least 2 samples .* got 1'):
        swav([v[:1] for v in views], mode='loss')
    model = build(tiny_backbone, queue_length=12)
    with pytest.raises(ValueError, match='queue of 12 and a batch of 8'):
        model(views, mode='loss')
    head = dict(type='PrototypeHead', embed_dim=5, num_prototypes=1)
    for match, kwargs in {
        r'begin with at least 2, .* got \(1, 2\)': dict(num_crops=(1, 2)),
        'temperature must be > 0, got 0': dict(temperature=0),
        'epsilon must be >= 0.0125, got 0': dict(epsilon=0),
        'num_prototypes must be at least 2, .* got 1': dict(head=head),
    }.items():
        with pytest.raises(ValueError, match=match):
            build(tiny_backbone, **kwargs)
