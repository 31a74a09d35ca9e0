# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ORL's three branches against recorded values of the authors' code."""

import pytest
import torch
from golden import assert_golden, load_golden
from torch.testing import assert_close

from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32
dtypes = pytest.mark.parametrize('dtype', [F64, F32])
HEADS = dict(
    head='global_head', intra_head='local_intra_head',
    inter_head='local_inter_head',
)  # fmt: skip


def build(kind='ORL', backbone=None, sizes=(5, 7, 4), hidden=6, **kwargs):
    return MODELS.build(
        dict(
            type=kind,
            backbone=backbone
            or dict(type='SmallConvNet', channels=(5,), strides=(2,)),
            neck=dict(type='ProjectionMLP', sizes=sizes, last_bias=False),
            head=dict(
                type='PredictionHead',
                sizes=(sizes[-1], hidden, sizes[-1]),
                last_bias=False,
            ),
            **kwargs,
        )
    )


def load_encoder(backbone, neck, g, name):
    """Recorded weights of conv, norm and projector."""
    conv, norm, _ = backbone.layers[0]
    conv.weight.data = g[f'{name}__0__conv__weight'].clone()
    for key in ('weight', 'bias'):
        getattr(norm, key).data = g[f'{name}__0__bn__{key}'].clone()
    load_mlp(neck.mlp, g, f'{name}__1')


def load_mlp(mlp, g, name):
    for key in ('weight', 'bias'):
        getattr(mlp[0], key).data = g[f'{name}__fc0__{key}'].clone()
        getattr(mlp[1], key).data = g[f'{name}__bn0__{key}'].clone()
    mlp[3].weight.data = g[f'{name}__fc1__weight'].clone()


def recorded(kind, g, heads, **kwargs):
    model = build(kind, **kwargs)
    load_encoder(model.backbone, model.neck, g, 'online')
    target = model.momentum_encoder
    load_encoder(target.backbone, target.neck, g, 'target')
    for own, name in heads.items():
        load_mlp(getattr(model, own).mlp, g, f'{name}__predictor')
    return model


def check_gradients_and_target(model, g, tolerance):
    conv = model.backbone.layers[0][0]
    assert_golden(conv.weight.grad, g['grad_conv'], tolerance)
    assert_golden(model.neck.mlp[3].weight.grad, g['grad_fc1'], tolerance)
    model.momentum_encoder.momentum = 0.97
    model.update_target(0.0)
    assert_golden(
        model.momentum_encoder.neck.mlp[3].weight,
        g['target_fc1_after_ema_0p97'],
        tolerance,
    )


@dtypes
@pytest.mark.parametrize('case', 'ab')
def test_losses_gradients_and_target_are_the_authors(case, dtype):
    g = load_golden('orl/orl_forward.npz', f'{case}_')
    weights = dict(
        zip(('global', 'intra', 'inter'), g['loss_weights'].tolist(),
            strict=True)
    )  # fmt: skip
    model = recorded('ORL', g, HEADS, loss_weights=weights).to(dtype)
    inputs = [
        view.to(dtype)
        for name in ('img', 'ipatch', 'kpatch')
        for view in g[name].unbind(1)
    ]
    losses = model(inputs, mode='loss')
    sum(losses.values()).backward()
    tolerance = 1e-8 if dtype == F64 else 1e-5
    for ours, theirs in dict(
        global_='global', intra='local_intra', inter='local_inter'
    ).items():
        value = losses[f'loss_{ours.rstrip("_")}']
        assert_golden(value, g[f'loss__loss_{theirs}'], tolerance)
    assert_golden(sum(losses.values()), g['total'], tolerance)
    check_gradients_and_target(model, g, tolerance)


@dtypes
def test_stage_one_is_the_authors(dtype):
    g = load_golden('orl/byol_stage1_forward.npz', 'a_')
    model = recorded('BYOL', g, dict(head='head')).to(dtype)
    views = [view.to(dtype) for view in g['img'].unbind(1)]
    loss = model(views, mode='loss')['loss']
    loss.backward()
    tolerance = 1e-8 if dtype == F64 else 1e-5
    assert_golden(loss, g['loss__loss'], tolerance)
    assert_golden(loss, g['total'], tolerance)
    check_gradients_and_target(model, g, tolerance)


def test_momentum_follows_the_recorded_schedule():
    g = load_golden('orl/schedules.npz', 'a_')
    model = build(momentum=g['base'].item())
    for step, expected in enumerate(g['momentum'].tolist()):
        found = model.update_target(step / len(g['momentum']))
        assert abs(found - expected) < 1e-12


@pytest.fixture
def six_views():
    generator = torch.Generator().manual_seed(2)
    return [
        torch.randn(8, 3, side, side, generator=generator)
        for side in (8, 8, 6, 6, 6, 6)
    ]


def gradients(model, inputs):
    losses = model(inputs, mode='loss')
    sum(losses.values()).backward()
    return losses, {n: p.grad for n, p in model.named_parameters()}


def test_the_global_branch_alone_is_byol(six_views):
    torch.manual_seed(0)
    orl = build(loss_weights=dict(intra=0, inter=0))
    torch.manual_seed(0)
    byol = build('BYOL')
    orl.head.load_state_dict(byol.head.state_dict())
    losses, ours = gradients(orl, six_views)
    assert losses['loss_intra'] == losses['loss_inter'] == 0
    reference, theirs = gradients(byol, six_views[:2])
    assert torch.equal(losses['loss_global'], reference['loss'])
    for name, grad in theirs.items():
        if grad is not None:
            assert_close(ours[name], grad)
    for name in ('intra_head', 'inter_head'):
        assert (ours[f'{name}.mlp.0.weight'] == 0).all()


@pytest.mark.parametrize('branch', ['global', 'intra', 'inter'])
def test_each_branch_trains_its_own_predictor(branch, six_views):
    weights = dict.fromkeys(('global', 'intra', 'inter'), 0.0)
    model = build(loss_weights=weights | {branch: 1.0})
    _, found = gradients(model, six_views)
    heads = dict(global_='head', intra='intra_head', inter='inter_head')
    for name, head in heads.items():
        moves = bool(found[f'{head}.mlp.3.weight'].any())
        assert moves == (name.rstrip('_') == branch)
    shared = found['backbone.layers.0.0.weight'], found['neck.mlp.0.weight']
    assert all(grad.any() for grad in shared)
    assert all(p.grad is None for p in model.momentum_encoder.parameters())


def test_every_batch_passes_alone(six_views):
    model = build()
    seen = []
    model.backbone.register_forward_hook(
        lambda module, args, output: seen.append(tuple(args[0].shape))
    )
    model(six_views, mode='loss')
    assert seen == [tuple(view.shape) for view in six_views]


def test_bad_settings_and_views_are_refused(six_views):
    with pytest.raises(ValueError, match=r"loss_weights of ORL .*'local'"):
        build(loss_weights=dict(local=1))
    with pytest.raises(ValueError, match='each >= 0'):
        build(loss_weights=dict(intra=-1))
    model = build()
    with pytest.raises(ValueError, match='at least 6 views'):
        model(six_views[:2], mode='loss')
    with pytest.raises(ValueError, match='ORL needs 6 views.* got 7'):
        model([*six_views, six_views[0]], mode='loss')
