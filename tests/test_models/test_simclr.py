# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.losses import nt_xent
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


@pytest.mark.parametrize('case', 'abc')
@pytest.mark.parametrize('dtype', [F64, F32])
def test_loss_and_its_gradient_are_the_authors(case, dtype):
    g = load_golden('image_baselines/simclr.npz', f'{case}_')
    single = F32 in (dtype, g['z1'].dtype)
    z1, z2 = (g[k].to(dtype).requires_grad_() for k in ('z1', 'z2'))
    loss = nt_xent(z1, z2, g['temperature'].item())
    loss.backward()
    tolerance = 1e-5 if single else 1e-8
    assert_golden(loss, g['loss'], tolerance)
    assert_golden(z1.grad, g['grad_z1'], tolerance)
    assert_golden(z2.grad, g['grad_z2'], tolerance)


@pytest.mark.parametrize('case', 'abc')
def test_contrastive_baseline_of_wmse_is_the_same_loss(case):
    g = load_golden('wmse/contrastive_baseline.npz', f'{case}_')
    x0, x1 = (g[k].requires_grad_() for k in ('x0', 'x1'))
    loss = nt_xent(x0, x1, g['tau'].item(), normalize=bool(g['norm']))
    loss.backward()
    assert_golden(loss, g['loss'], 1e-8)
    assert_golden(x0.grad, g['grad_x0'], 1e-8)
    assert_golden(x1.grad, g['grad_x1'], 1e-8)


@pytest.mark.parametrize('case', ['full2_', 'full4_'])
def test_contrastive_baseline_of_wmse_is_a_configuration(case):
    """Head output through an affine norm over all views, all pairs."""
    g = load_golden('wmse/contrastive_baseline.npz', case)
    model = MODELS.build(
        dict(
            type='SimCLR',
            backbone=dict(type='IdentityNet'),
            neck=dict(type='ProjectionMLP', sizes=(5, 5), last_norm=True),
            temperature=g['tau'].item(),
            joint_views=False,
        )
    ).double()
    linear, norm = model.neck.mlp
    linear.weight.data.copy_(torch.eye(5))
    linear.bias.data.zero_()
    norm.weight.data, norm.bias.data = g['bn_weight'], g['bn_bias']
    h = g['h'].requires_grad_()
    loss = model(h.chunk(g['num_samples'].item()), mode='loss')['loss']
    loss.backward()
    assert_golden(loss, g['loss'], 1e-8)
    assert_golden(h.grad, g['grad_h'], 1e-8)


def test_loss_of_orthonormal_pairs_has_a_closed_form():
    z1, z2, tau = torch.eye(8, dtype=F64)[:4], torch.eye(8, dtype=F64), 0.3
    z2 = 0.6 * z1 + 0.8 * z2[4:]
    e = math.exp
    others = 2 * 4 - 2
    expected = -math.log(e(0.6 / tau) / (e(0.6 / tau) + others))
    # views 2 of different pictures are orthogonal too
    assert abs(nt_xent(z1, z2, tau) - expected) < 1e-12


def test_loss_is_the_papers_formula_written_out():
    z1, z2 = torch.randn(2, 5, 3, dtype=F64)
    z = torch.cat([z1, z2])
    z = z / z.norm(dim=1, keepdim=True)
    total = 0.0
    for a in range(10):
        p = (a + 5) % 10
        others = [b for b in range(10) if b != a]
        denominator = sum(math.exp(z[a] @ z[b] / 0.2) for b in others)
        total -= math.log(math.exp(z[a] @ z[p] / 0.2) / denominator)
    assert abs(nt_xent(z1, z2, 0.2) - total / 10) < 1e-10


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match='temperature must be > 0, got -1'):
        nt_xent(torch.eye(2), torch.eye(2), -1)
    with pytest.raises(ValueError, match='temperature must be > 0, got 0'):
        build(temperature=0)


def build(**kwargs):
    return MODELS.build(
        dict(
            type='SimCLR',
            backbone=dict(type='SmallConvNet', channels=(4,), strides=(2,)),
            neck=dict(type='ProjectionMLP', sizes=(4, 8, 3)),
            **kwargs,
        )
    )


def test_joint_views_decide_what_batch_norms_see(views):
    views = [views[0], views[1] * 3]
    torch.manual_seed(0)
    joint = build(joint_views=True)
    alone = build(joint_views=False)
    alone.load_state_dict(joint.state_dict())
    together = joint(views, mode='loss')['loss']
    assert not torch.allclose(together, alone(views, mode='loss')['loss'])
    alone.load_state_dict(joint.state_dict())
    joint.eval(), alone.eval()
    assert torch.allclose(
        joint.loss(views)['loss'], alone.loss(views)['loss'], atol=1e-5
    )


def test_more_views_are_averaged_over_pairs(views):
    model = build(joint_views=True).eval()
    third = torch.randn_like(views[0])
    pairs = [(0, 1), (0, 2), (1, 2)]
    every = [*views, third]
    mean = sum(model.loss([every[i], every[j]])['loss'] for i, j in pairs) / 3
    assert torch.allclose(model.loss(every)['loss'], mean, atol=1e-5)


def test_clips_are_views_too():
    model = MODELS.build(
        dict(
            type='SimCLR',
            backbone=dict(
                type=torch.nn.Conv3d,
                in_channels=3,
                out_channels=4,
                kernel_size=2,
            ),
            neck=dict(type='ProjectionMLP', sizes=(4, 3)),
        )
    )
    clips = [torch.randn(4, 3, 3, 6, 6) for _ in range(2)]
    assert model(clips, mode='loss')['loss'].ndim == 0
    assert model.extract_feat(clips, 'pool').shape == (4, 4)
