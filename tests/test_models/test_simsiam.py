# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


def build(backbone, **kwargs):
    cfg = dict(
        type='SimSiam',
        backbone=backbone,
        neck=dict(
            type='ProjectionMLP',
            sizes=(4, 6, 6),
            bias=False,
            last_bias=False,
            last_norm=True,
            last_affine=False,
        ),
        head=dict(type='PredictionHead', sizes=(6, 4, 6), bias=False),
    )
    return MODELS.build({**cfg, **kwargs})


@pytest.fixture
def simsiam(tiny_backbone):
    return build(tiny_backbone)


@pytest.mark.parametrize('dtype', [F64, F32])
def test_loss_and_its_gradient_are_the_authors(dtype):
    g = load_golden('image_baselines/simsiam.npz', 'a_')
    model = build(dict(type='IdentityNet'), neck=dict(type='IdentityNet'))
    model = model.to(dtype)
    mlp, key = model.head.mlp, 'predictor__{}'.format
    mlp[0].weight.data = g[key('fc0__weight')].to(dtype)
    mlp[1].weight.data = g[key('bn0__weight')].to(dtype)
    mlp[1].bias.data = g[key('bn0__bias')].to(dtype)
    mlp[3].weight.data = g[key('fc1__weight')].to(dtype)
    mlp[3].bias.data = g[key('fc1__bias')].to(dtype)
    z = [g[k].to(dtype).requires_grad_() for k in ('z1', 'z2')]
    loss = model(z, mode='loss')['loss']
    loss.backward()
    tolerance = 1e-8 if dtype == F64 else 1e-4
    assert_golden(loss, g['loss'], tolerance)
    assert_golden(z[0].grad, g['grad_z1'], tolerance)
    assert_golden(z[1].grad, g['grad_z2'], tolerance)


def test_loss_is_the_papers_formula_written_out(simsiam, views):
    z = [simsiam.neck(simsiam.backbone(v)) for v in views]
    p = [simsiam.head(x) for x in z]
    expected = 0.0
    for i, j in [(0, 1), (1, 0)]:
        for a, b in zip(p[i], z[j], strict=True):
            expected -= (a @ b) / (a.norm() * b.norm()) / len(z[j]) / 2
    assert torch.allclose(simsiam(views, mode='loss')['loss'], expected)


def test_gradient_flows_through_the_predictor_alone(views):
    class Cut(torch.nn.Module):
        def forward(self, x):
            return x.detach()

    model = build(dict(type='SmallConvNet', channels=(4,), strides=(2,)))
    loss = model(views, mode='loss')['loss']
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    model.head = Cut()  # the detached branch brings nothing
    loss = model(views, mode='loss')['loss']
    assert not loss.requires_grad


def test_equal_views_with_a_perfect_predictor_reach_the_minimum(views):
    model = build(
        dict(type='SmallConvNet', channels=(4,), strides=(2,)),
        head=dict(type='IdentityNet'),
    )
    loss = model([views[0]] * 2, mode='loss')['loss']
    assert torch.allclose(loss, torch.tensor(-1.0))


def test_last_norm_of_the_projector_has_no_scale_and_shift(simsiam):
    assert simsiam.neck.mlp[-1].weight is None
    assert simsiam.neck.mlp[-1].bias is None


def test_more_views_are_averaged_over_pairs(simsiam, views):
    simsiam.eval()
    every = [*views, torch.randn_like(views[0])]
    pairs = [
        simsiam.loss([every[i], every[j]])['loss']
        for i, j in [(0, 1), (0, 2), (1, 2)]
    ]
    assert torch.allclose(simsiam.loss(every)['loss'], sum(pairs) / 3)


def test_clips_are_views_too():
    @MODELS.register_module(name='TinySimSiamClipNet', force=True)
    class TinySimSiamClipNet(torch.nn.Conv3d):
        pass

    model = build(
        dict(
            type='TinySimSiamClipNet',
            in_channels=3,
            out_channels=4,
            kernel_size=2,
        )
    )
    clips = [torch.randn(4, 3, 3, 6, 6) for _ in range(2)]
    model(clips, mode='loss')['loss'].backward()
    assert model.backbone.weight.grad.abs().sum() > 0


def test_a_single_view_and_a_single_sample_are_refused(simsiam, views):
    with pytest.raises(ValueError, match='SimSiam needs at least 2 views'):
        simsiam(views[:1], mode='loss')
    with pytest.raises(ValueError, match=r'at least 2 samples .* got 1'):
        simsiam([v[:1] for v in views], mode='loss')
