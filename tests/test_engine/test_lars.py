# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from copy import deepcopy

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.engine.optimizers import LARS


def run(steps, lrs, weight, grads, **kwargs):
    param = torch.nn.Parameter(weight.clone())
    optimizer = LARS([param], lr=lrs[0], **kwargs)
    for step in range(steps):
        optimizer.param_groups[0]['lr'] = lrs[step]
        param.grad = grads[step].clone()
        optimizer.step()
    return param.detach()


def by_hand(lrs, weight, grads, wd, inside):
    w, buffer = weight.clone(), torch.zeros_like(weight)
    for lr, g in zip(lrs, grads, strict=True):
        norm = w.norm()
        a = 1e-3 * norm / (g.norm() + wd * norm + 1e-8)
        d = a * (g + wd * w)
        buffer = 0.9 * buffer + (lr * d if inside else d)
        w = w - (buffer if inside else lr * buffer)
    return w


@pytest.mark.parametrize('inside', [True, False])
def test_steps_are_the_formula_with_a_moving_learning_rate(inside):
    weight = torch.randn(3, 4, dtype=torch.float64)
    grads = torch.randn(4, 3, 4, dtype=torch.float64)
    lrs = [1.0, 3.0, 0.5, 2.0]
    got = run(4, lrs, weight, grads, weight_decay=0.1, lr_in_momentum=inside)
    assert torch.allclose(
        got, by_hand(lrs, weight, grads, 0.1, inside), atol=1e-14
    )
    other = by_hand(lrs, weight, grads, 0.1, not inside)
    assert not torch.allclose(got, other)


def test_vectors_take_plain_momentum_steps_unless_asked():
    weight, grads = torch.ones(4), torch.ones(1, 4)
    got = run(1, [0.5], weight, grads, weight_decay=0.1)
    assert torch.allclose(got, torch.full((4,), 0.5))
    scaled = run(1, [0.5], weight, grads, adapt_1d=True)
    assert torch.allclose(scaled, torch.full((4,), 1 - 0.5e-3))


def test_zero_norms_fall_back_to_plain_steps():
    got = run(1, [0.5], torch.zeros(2, 2), torch.ones(1, 2, 2))
    assert torch.allclose(got, torch.full((2, 2), -0.5))


@pytest.mark.parametrize('case', 'ab')
@pytest.mark.parametrize('squared', [False, True])
def test_steps_are_those_of_the_code_of_scrl(case, squared):
    g = load_golden('scrl/lars.npz', f'{case}_')
    lr, decay, momentum, nesterov, trust, eps = g['hyper'].tolist()
    params = {
        name: torch.nn.Parameter(g[f'{name}0'].clone()) for name in 'WZb'
    }
    optimizer = LARS(
        params.values(), lr, momentum, decay, trust, eps,
        lr_in_momentum=False, nesterov=bool(nesterov),
        square_plain_lr=squared,
    )  # fmt: skip
    bias = 'b_official_lr_squared' if squared else 'b_plain_sgd_derived'
    for step in range(len(g['W'])):
        for name, param in params.items():
            param.grad = g[f'grad_{name}'][step]
        optimizer.step()
        for name, key in dict(W='W', Z='Z', b=bias).items():
            assert_golden(params[name], g[key][step], 1e-9)


def test_nesterov_needs_the_learning_rate_outside():
    with pytest.raises(ValueError, match='needs lr_in_momentum=False'):
        LARS([torch.nn.Parameter(torch.ones(1))], 1.0, nesterov=True)


def test_saved_state_continues_identically():
    grads = torch.randn(4, 3, 4)
    param = torch.nn.Parameter(torch.ones(3, 4))
    optimizer = LARS([param], lr=1.0)
    for step in range(4):
        if step == 2:
            copy = torch.nn.Parameter(param.detach().clone())
            again = LARS([copy], lr=7.0)
            again.load_state_dict(deepcopy(optimizer.state_dict()))
        param.grad = grads[step]
        optimizer.step()
    for step in (2, 3):
        copy.grad = grads[step]
        again.step()
    assert torch.equal(param, copy)


@pytest.mark.parametrize(
    'bad', [dict(lr=-1), dict(momentum=1.0), dict(weight_decay=-1)]
)
def test_senseless_settings_are_refused(bad):
    with pytest.raises(ValueError, match='LARS needs lr >= 0'):
        LARS([torch.nn.Parameter(torch.ones(1))], **{'lr': 1.0, **bad})
    with pytest.raises(ValueError, match='trust_coefficient must be > 0'):
        LARS([torch.nn.Parameter(torch.ones(1))], 1.0, trust_coefficient=0)
