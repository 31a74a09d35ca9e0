# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.algorithms.wmse import (
    CholeskyWhitening,
    cholesky_whitening,
    wmse_loss,
)
from mmssl.registry import MODELS

F64, F32 = torch.float64, torch.float32


@pytest.mark.parametrize('case', 'abcd')
@pytest.mark.parametrize('dtype', [F64, F32])
def test_whitening_and_its_gradient_are_the_authors(case, dtype):
    g = load_golden('wmse/whitening.npz', f'{case}_')
    x = g['x'].to(dtype).requires_grad_()
    z = cholesky_whitening(x, g['eps'].item())
    z.backward(g['grad_y'].to(dtype))
    recorded_in_single = g['x'].dtype == F32
    tolerance = 1e-8 if dtype == F64 and not recorded_in_single else 2e-3
    assert_golden(z, g['y'], tolerance)
    assert_golden(x.grad, g['grad_x'], tolerance)


def test_running_statistics_are_the_authors():
    g = load_golden('wmse/whitening_running_stats.npz', 'a_')
    layer = CholeskyWhitening(
        6, g['eps'].item(), g['momentum'].item(), track_running_stats=True
    ).double()
    for x, y in zip(g['x_train'], g['y_train'], strict=True):
        assert_golden(layer(x), y, 1e-9)
    assert_golden(layer.running_mean, g['running_mean'], 1e-9)
    assert_golden(layer.running_cov, g['running_cov'], 1e-9)
    assert_golden(layer.eval()(g['x_eval']), g['y_eval'], 1e-9)


@pytest.mark.parametrize('case', 'abcdef')
@pytest.mark.parametrize('dtype', [F64, F32])
def test_loss_and_its_gradient_are_the_authors(case, dtype):
    g = load_golden('wmse/wmse_loss.npz', f'{case}_')
    if g['h'].dtype == F32 and dtype == F64:
        dtype = F32
    h = g['h'].to(dtype).requires_grad_()
    views = g['num_samples'].item()
    loss = wmse_loss(
        h.view(views, -1, h.shape[-1]),
        g['w_size'].item(),
        g['w_iter'].item(),
        bool(g['norm']),
        g['eps'].item(),
        perms=g['perm'],
    )
    loss.backward()
    assert_golden(loss, g['loss'], 1e-8 if dtype == F64 else 1e-4)
    assert_golden(h.grad, g['grad_h'], 1e-7 if dtype == F64 else 2e-3)


@pytest.mark.parametrize('case', 'ab')
def test_whitened_rows_of_the_first_repeat_are_the_authors(case):
    g = load_golden('wmse/wmse_loss.npz', f'{case}_')
    h = g['h'].view(g['num_samples'].item(), -1, g['h'].shape[-1])
    perm, w_size = g['perm'][0], g['w_size'].item()
    groups = h[:, perm].view(len(h), -1, w_size, h.shape[-1])
    z = torch.empty_like(h)
    z[:, perm] = cholesky_whitening(groups, g['eps'].item()).view(h.shape)
    assert_golden(z.flatten(0, 1), g['z_iter0'], 1e-8)


@pytest.mark.parametrize('w, tolerance', [(16, 1e-9), (32, 1e-9), (10, 1e-6)])
def test_whitened_rows_have_mean_zero_and_identity_covariance(w, tolerance):
    x = torch.randn(w, 8, dtype=F64) @ torch.randn(8, 8, dtype=F64) + 3
    z = cholesky_whitening(x)
    eye = torch.eye(8, dtype=F64)
    assert z.mean(0).abs().max() < tolerance
    assert (z.T @ z / (w - 1) - eye).abs().max() < tolerance
    assert abs(z.pow(2).sum(1).mean() - 8 * (w - 1) / w) < tolerance


def test_euclidean_loss_is_its_trace_form():
    x = torch.randn(2, 16, 4, dtype=F64)
    a, b = cholesky_whitening(x)
    trace = 2 * 15 / 16 - 2 * torch.trace(a.T @ b) / (16 * 4)
    loss = wmse_loss(x, 16, normalize=False)
    assert abs(loss - trace) < 1e-12


def test_identical_views_give_zero_and_unrelated_ones_two():
    x = torch.randn(1, 512, 8)
    assert wmse_loss(x.repeat(2, 1, 1), 16) < 1e-6
    values = [wmse_loss(torch.randn(2, 512, 8), 16) for _ in range(8)]
    assert abs(torch.stack(values).mean() - 2) < 0.2


def test_triangular_maps_and_shifts_leave_the_loss_and_others_do_not():
    x = torch.randn(2, 32, 6, dtype=F64)
    lower = torch.randn(6, 6, dtype=F64).tril()
    lower.diagonal().abs_().add_(0.5)
    full = torch.randn(6, 6, dtype=F64)
    perm = [torch.randperm(32)]
    loss = wmse_loss(x, 16, perms=perm)
    assert abs(wmse_loss(x @ lower.T + 7, 16, perms=perm) - loss) < 1e-9
    assert abs(wmse_loss(x @ full.T, 16, perms=perm) - loss) > 1e-4


def test_one_group_makes_repeats_and_order_irrelevant():
    x = torch.randn(3, 24, 5, dtype=F64)
    loss = wmse_loss(x, 24)
    assert abs(wmse_loss(x, 24, w_iter=3) - loss) < 1e-9
    assert abs(wmse_loss(x.flip(0), 24) - loss) < 1e-9
    assert abs(wmse_loss(x[:, torch.randperm(24)], 24) - loss) < 1e-9


def test_both_views_get_a_gradient():
    x = torch.randn(2, 16, 4, dtype=F64, requires_grad=True)
    wmse_loss(x, 16).backward()
    assert (x.grad.flatten(1).abs().sum(1) > 1e-3).all()


def test_half_precision_is_computed_in_single():
    x = torch.randn(2, 64, 8)
    perm = [torch.arange(64)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = wmse_loss(x.bfloat16(), 32, perms=perm)
    assert loss.dtype == F32
    assert torch.equal(loss, wmse_loss(x.bfloat16().float(), 32, perms=perm))


def test_batch_that_w_size_does_not_divide_is_refused():
    with pytest.raises(ValueError, match='batch of 10 and w_size=8'):
        wmse_loss(torch.randn(2, 10, 4), 8)


def test_group_smaller_than_the_embedding_is_refused():
    with pytest.raises(ValueError, match='w_size=8 rows cannot whiten 8-dim'):
        wmse_loss(torch.randn(2, 16, 8), 8)


def test_singular_covariance_names_group_and_remedy():
    x = torch.randn(2, 16, 4)
    x[:, 8:, 3] = 0
    with pytest.raises(ValueError, match=r'group 1 .*smallest eigen.*eps'):
        wmse_loss(x, 8, perms=[torch.arange(16)])


def build(**kwargs):
    return MODELS.build(
        dict(
            type='WMSE',
            backbone=dict(type='SmallConvNet', channels=(4,), strides=(2,)),
            neck=dict(type='ProjectionMLP', sizes=(4, 8, 3)),
            **kwargs,
        )
    )


def test_method_computes_the_loss_of_its_projected_views(views):
    model = build(w_size=8)
    loss = model(views, mode='loss')['loss']
    h = torch.cat([model.backbone(v)[-1].mean((2, 3)) for v in views])
    embeddings = model.neck(h).view(2, 8, 3)
    assert torch.allclose(loss, wmse_loss(embeddings, 8), atol=1e-5)


def test_small_group_warns_and_senseless_settings_are_refused():
    with pytest.warns(UserWarning, match='below twice the embedding'):
        build(w_size=4)
    with pytest.raises(ValueError, match='w_iter must be at least 1, got 0'):
        build(w_size=8, w_iter=0)
    with pytest.raises(ValueError, match=r'eps must be in \[0, 1\], got 2'):
        build(w_size=8, eps=2)


@pytest.mark.parametrize('case', 'abc')
def test_head_is_the_authors(case):
    g = load_golden('wmse/head.npz', f'{case}_')
    types = list(g['module_types'])
    linears = [i for i, t in enumerate(types) if t == 'Linear']
    sizes = [g[f'param_{i}_weight'].shape[1] for i in linears]
    sizes.append(g[f'param_{linears[-1]}_weight'].shape[0])
    norm = dict(type='BN1d') if 'BatchNorm1d' in types else None
    neck = MODELS.build(
        dict(type='ProjectionMLP', sizes=sizes, norm_cfg=norm)
    ).double()
    assert [type(m).__name__ for m in neck.mlp] == types
    for i, module in enumerate(neck.mlp):
        if f'param_{i}_weight' in g:
            module.weight.data = g[f'param_{i}_weight']
            module.bias.data = g[f'param_{i}_bias']
    assert_golden(neck(g['x']), g['y'], 1e-10)
