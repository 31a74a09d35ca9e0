# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden
from torch.testing import assert_close

from mmssl.models.layers import MomentumEncoder, cosine_momentum
from mmssl.models.losses import normalized_mse
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


@pytest.fixture
def byol(tiny_backbone):
    model = MODELS.build(
        dict(
            type='BYOL',
            backbone=tiny_backbone,
            neck=dict(type='ProjectionMLP', sizes=(4, 8, 5)),
            head=dict(type='PredictionHead', sizes=(5, 8, 5)),
            momentum=0.9,
        )
    )
    for p in model.momentum_encoder.parameters():
        p.data += 0.1 * torch.randn_like(p)
    return model


def online(model, view):
    return model.neck(model.backbone(view))


def test_loss_is_the_papers_formula_written_out(byol, views):
    expected = 0.0
    for i, j in [(0, 1), (1, 0)]:
        q = byol.head(online(byol, views[i]))
        z = byol.momentum_encoder(views[j])
        q = q / q.norm(dim=1, keepdim=True)
        z = z / z.norm(dim=1, keepdim=True)
        expected += sum(((a - b) ** 2).sum() for a, b in zip(q, z)) / len(q)  # noqa: B905
    assert_close(byol(views, mode='loss')['loss'], expected)


def test_gradient_reaches_the_online_side_only(byol, views):
    byol(views, mode='loss')['loss'].backward()
    trained = [*byol.backbone.parameters(), *byol.neck.parameters()]
    trained += [*byol.head.parameters()]
    assert all(p.grad is not None for p in trained)
    assert all(p.grad is None for p in byol.momentum_encoder.parameters())


def test_loss_leaves_the_target_parameters_alone(byol, views):
    before = [p.clone() for p in byol.momentum_encoder.parameters()]
    byol(views, mode='loss')
    after = byol.momentum_encoder.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_single_view_and_a_single_sample_are_refused(byol, views):
    with pytest.raises(ValueError, match=r'at least 2 views .* got 1'):
        byol(views[:1], mode='loss')
    with pytest.raises(ValueError, match=r'at least 2 samples .* got 1'):
        byol([v[:1] for v in views], mode='loss')


@pytest.mark.parametrize('case', 'abc')
@pytest.mark.parametrize('dtype', [F64, F32])
def test_baseline_of_wmse_is_the_authors(case, dtype):
    g = load_golden('wmse/byol_baseline.npz', f'{case}_')
    model = MODELS.build(
        dict(
            type='BYOL',
            backbone=dict(type='IdentityNet'),
            neck=dict(type='ProjectionMLP', sizes=(6, 6), last_bias=False),
            head=dict(type='PredictionHead', sizes=(6, 12, 6)),
            momentum=g['tau0'].item(),
            normalize=bool(g['norm']),
        )
    ).to(dtype)
    model.neck.mlp[0].weight.data = g['head_weight'].to(dtype)
    target = model.momentum_encoder.neck.mlp[0].weight
    target.data = g['head_t_weight'].to(dtype)
    for i in (0, 1, 3):
        model.head.mlp[i].weight.data = g[f'pred_{i}_weight'].to(dtype)
        model.head.mlp[i].bias.data = g[f'pred_{i}_bias'].to(dtype)
    loss = model(list(g['x'].to(dtype)), mode='loss')['loss']
    loss.backward()
    tolerance = 1e-9 if dtype == F64 else 1e-4
    assert_golden(loss, g['loss'], tolerance)
    grad = model.neck.mlp[0].weight.grad
    assert_golden(grad, g['grad_head_weight'], tolerance)
    grad = model.head.mlp[0].weight.grad
    assert_golden(grad, g['grad_pred_0_weight'], tolerance)
    for progress, tau, expected in zip(
        g['ema_progress'], g['ema_tau'], g['ema_head_t'], strict=True
    ):
        assert abs(model.update_target(progress.item()) - tau) < 1e-12
        assert_golden(target, expected, tolerance)


@pytest.mark.parametrize('dtype', [F64, F32])
def test_loss_is_mmselfsups_plus_four(dtype):
    g = load_golden('image_baselines/byol.npz', 'a_')
    head = MODELS.build(
        dict(type='PredictionHead', sizes=(5, 9, 5), last_bias=False)
    ).to(dtype)
    key = 'predictor__{}'.format
    head.mlp[0].weight.data = g[key('fc0__weight')].to(dtype)
    head.mlp[0].bias.data = g[key('fc0__bias')].to(dtype)
    head.mlp[1].weight.data = g[key('bn0__weight')].to(dtype)
    head.mlp[1].bias.data = g[key('bn0__bias')].to(dtype)
    head.mlp[3].weight.data = g[key('fc1__weight')].to(dtype)
    z1, z2 = (g[k].to(dtype).requires_grad_() for k in ('z1', 'z2'))
    t1, t2 = (g[k].to(dtype) for k in ('t1', 't2'))
    loss = normalized_mse(head(z1), t2) + normalized_mse(head(z2), t1)
    loss.backward()
    tolerance = 1e-8 if dtype == F64 else 1e-4
    assert_golden(loss, g['loss_paper_form'], tolerance)
    assert_golden(loss - 4, g['loss'], tolerance)
    assert_golden(z1.grad, g['grad_z1'], tolerance)
    assert_golden(z2.grad, g['grad_z2'], tolerance)


def test_moving_average_is_mmselfsups():
    g = load_golden('image_baselines/byol.npz', 'ema_')
    online = torch.nn.Linear(3, 2, bias=False).double()
    online.weight.data = g['source'][0].clone()
    encoder = MomentumEncoder(dict(neck=online), g['base'].item())
    total = g['max_iters'].item()
    for k in range(1, len(g['source'])):  # the first recorded one copies
        online.weight.data = g['source'][k].clone()
        momentum = encoder.update(dict(neck=online), k / total)
        assert abs(momentum - g['momentum_used'][k]) < 1e-12
        assert_golden(encoder.neck.weight, g['ema'][k], 1e-8)


def test_momentum_is_the_share_of_the_old_weights():
    online = torch.nn.Linear(1, 1, bias=False)
    online.weight.data.fill_(1.0)
    encoder = MomentumEncoder(dict(neck=online), 0.9, end_momentum=None)
    online.weight.data.fill_(2.0)
    assert encoder.update(dict(neck=online), 0.7) == 0.9
    assert_close(encoder.neck.weight.item(), 0.9 * 1 + 0.1 * 2)


def test_momentum_rises_along_half_a_cosine():
    assert cosine_momentum(0.9, 1.0, 0.0) == pytest.approx(0.9)
    assert cosine_momentum(0.9, 1.0, 0.5) == pytest.approx(0.95)
    assert cosine_momentum(0.9, 1.0, 1.0) == pytest.approx(1.0)
    quarter = 1 - 0.1 * (math.cos(math.pi / 4) + 1) / 2
    assert cosine_momentum(0.9, 1.0, 0.25) == pytest.approx(quarter)


def test_momentum_outside_zero_and_one_is_refused():
    with pytest.raises(ValueError, match=r'in \[0, 1\], got 1.5'):
        MomentumEncoder({}, 1.5)


def test_target_keeps_its_own_batch_statistics(byol, views):
    mean = byol.momentum_encoder.backbone.layers[0][1].running_mean
    before = mean.clone()
    byol(views, mode='loss')
    after_forward = mean.clone()
    assert not torch.equal(before, after_forward)
    byol.update_target(0.0)
    assert torch.equal(mean, after_forward)


def test_target_starts_as_a_copy_after_initialisation(tiny_backbone):
    tiny_backbone['init_cfg'] = dict(type='Constant', layer='Conv2d', val=0.5)
    model = MODELS.build(
        dict(
            type='BYOL',
            backbone=tiny_backbone,
            neck=dict(type='ProjectionMLP', sizes=(4, 8, 5)),
            head=dict(type='PredictionHead', sizes=(5, 8, 5)),
        )
    )
    model.init_weights()
    assert (model.backbone.layers[0][0].weight == 0.5).all()
    for name, module in model.online_modules().items():
        copy = getattr(model.momentum_encoder, name).state_dict()
        for key, value in module.state_dict().items():
            assert torch.equal(copy[key], value)
