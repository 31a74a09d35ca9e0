# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.losses import info_nce, unit_rows
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


def build(backbone, **kwargs):
    cfg = dict(
        type='MoCo',
        backbone=backbone,
        neck=dict(type='ProjectionMLP', sizes=(4, 5), norm_cfg=None),
        queue_length=16,
        temperature=0.2,
        momentum=0.9,
    )
    return MODELS.build({**cfg, **kwargs})


@pytest.fixture
def moco(tiny_backbone):
    return build(tiny_backbone)


def toy(g, dtype):
    """The linear encoder of the golden, before its first step."""
    model = build(
        dict(type='IdentityNet'),
        neck=dict(type='ProjectionMLP', sizes=(6, 5)),
        temperature=g['temperature'].item(),
        momentum=g['momentum'].item(),
    ).to(dtype)
    key_net = model.momentum_encoder.neck.mlp[0]
    model.neck.mlp[0].weight.data = g['fc_w'].to(dtype)
    model.neck.mlp[0].bias.data = g['fc_b'].to(dtype)
    key_net.weight.data = g['key_fc_w_init'].to(dtype)
    key_net.bias.data = g['key_fc_b_init'].to(dtype)
    model.queue.rows.copy_(g['queue_init'].T)
    return model


@pytest.mark.parametrize('dtype', [F64, F32])
@pytest.mark.parametrize('case', ['v1_', 'v2_'])
def test_every_step_is_the_authors(case, dtype):
    g = load_golden('image_baselines/moco.npz', case)
    tolerance = 1e-8 if dtype == F64 else 1e-4
    model = toy(g, dtype)
    linear, key_net = model.neck.mlp[0], model.momentum_encoder.neck.mlp[0]
    for step, (x_q, x_k) in enumerate(zip(g['x_q'], g['x_k'], strict=True)):
        model.zero_grad()
        model.update_target(0.0)  # recorded with the target moving first
        views = [x_q.to(dtype), x_k.to(dtype)]
        loss = model(views, mode='loss')['loss']
        loss.backward()
        if step == 0:
            query, key = model.neck(views[0]), model.momentum_encoder(views[1])
            assert_golden(unit_rows(query), g['q_step0'], tolerance)
            assert_golden(unit_rows(key), g['k_step0'], tolerance)
        assert_golden(loss, g['loss'][step], tolerance)
        assert_golden(linear.weight.grad, g['grad_fc_w'][step], tolerance)
        model.update_queue()
        assert_golden(model.queue.rows, g['queue'][step].T, tolerance)
        assert model.queue.pointer == g['queue_ptr'][step]
    assert_golden(key_net.weight, g['key_fc_w_final'], tolerance)


def test_loss_is_the_papers_formula_written_out():
    q, k, u = (unit_rows(torch.randn(n, 4, dtype=F64)) for n in (3, 3, 7))
    total = 0.0
    for i in range(3):
        positive = math.exp(q[i] @ k[i] / 0.3)
        negatives = sum(math.exp(q[i] @ u[j] / 0.3) for j in range(7))
        total -= math.log(positive / (positive + negatives))
    assert abs(info_nce(q, k, u, 0.3) - total / 3) < 1e-12


def test_loss_of_orthogonal_negatives_has_a_closed_form():
    q, u = torch.eye(8, dtype=F64)[:2], torch.eye(8, dtype=F64)[2:]
    positive = math.exp(1 / 0.5)
    expected = -math.log(positive / (positive + 6))
    assert abs(info_nce(q, q, u, 0.5) - expected) < 1e-12


def test_gradient_reaches_the_query_side_only(moco, views):
    moco(views, mode='loss')['loss'].backward()
    trained = [*moco.backbone.parameters(), *moco.neck.parameters()]
    assert all(p.grad is not None for p in trained)
    assert all(p.grad is None for p in moco.momentum_encoder.parameters())


def test_loss_leaves_queue_and_key_network_alone(moco, views):
    before = {k: v.clone() for k, v in moco.state_dict().items()}
    moco(views, mode='loss')
    for name, value in moco.state_dict().items():
        if 'running' not in name and 'num_batches' not in name:
            assert torch.equal(value, before[name]), name


def test_a_key_is_never_its_own_negative(moco, views):
    moco(views, mode='loss')
    keys = unit_rows(moco.momentum_encoder(views[1]))
    assert not torch.isin(moco.queue.rows[:, 0], keys[:, 0]).any()
    moco.update_queue()
    assert torch.allclose(moco.queue.rows[:8], keys, atol=1e-6)


def test_evaluation_leaves_the_queue_alone(moco, views):
    moco.eval()
    moco(views, mode='loss')
    moco.update_queue()
    assert moco.queue.written == 0


def test_further_views_are_further_keys_of_the_same_query(moco, views):
    moco.eval()
    every = [*views, torch.randn_like(views[0])]
    pairs = [moco.loss([every[0], view])['loss'] for view in every[1:]]
    assert torch.allclose(moco.loss(every)['loss'], sum(pairs) / 2)


def test_keys_of_all_views_enter_the_queue(moco, views):
    moco([views[0], *views], mode='loss')
    moco.update_queue()
    assert moco.queue.full


def test_clips_are_views_too():
    @MODELS.register_module(name='TinyMoCoClipNet', force=True)
    class TinyMoCoClipNet(torch.nn.Conv3d):
        pass

    backbone = dict(
        type='TinyMoCoClipNet', in_channels=3, out_channels=4, kernel_size=2
    )
    clips = [torch.randn(4, 3, 3, 6, 6) for _ in range(2)]
    model = build(backbone)
    model(clips, mode='loss')['loss'].backward()
    model.update_queue()
    assert model.backbone.weight.grad.abs().sum() > 0
    assert model.queue.pointer == 4


def test_half_precision_inputs_give_a_single_precision_loss():
    q, k, u = (torch.randn(3, 4) for _ in range(3))
    half = info_nce(q.half(), k.half(), u)
    assert half.dtype == F32
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(info_nce(q, k, u), info_nce(q, k, u))
        assert info_nce(q, k, u).dtype == F32


def test_bad_input_is_refused_in_one_sentence(tiny_backbone, moco, views):
    with pytest.raises(ValueError, match='queue of 16 and a batch of 6'):
        moco([v[:6] for v in views], mode='loss')
    with pytest.raises(ValueError, match='MoCo needs at least 2 views'):
        moco(views[:1], mode='loss')
    with pytest.raises(ValueError, match=r'at least 2 samples .* got 1'):
        moco([v[:1] for v in views], mode='loss')
    for temperature in (0, -0.1):
        with pytest.raises(ValueError, match='temperature must be > 0, got'):
            build(tiny_backbone, temperature=temperature)
    with pytest.raises(ValueError, match=r'share of the old .* got 1.2'):
        build(tiny_backbone, momentum=1.2)


def test_key_network_and_queue_are_in_the_checkpoint(moco):
    names = moco.state_dict().keys()
    assert {'queue.rows', 'queue.written'} <= names
    assert any(name.startswith('momentum_encoder.backbone.') for name in names)
