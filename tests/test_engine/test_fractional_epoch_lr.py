# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import load_golden

from mmssl.engine.optimizers import FractionalEpochLR
from mmssl.engine.optimizers.fractional_epoch_lr import learning_rate


@pytest.mark.parametrize('case', range(5))
def test_rates_are_the_authors(case):
    g = load_golden('rho/schedules.npz', f's{case}_')
    lr, epochs, warmup, start, _ = g['cfg'].tolist()
    steps = g['steps'].tolist()
    # the last entries of a published list may lie beyond its steps
    factors = g['lrs'].tolist()
    for epoch, expected in zip(
        g['epochs'].tolist(), g['lr'].tolist(), strict=True
    ):
        found = learning_rate(epoch, lr, epochs, warmup, start, steps, factors)
        assert abs(found - expected) < 1e-12


@pytest.mark.parametrize('added', [{}, dict(end=6)])  # by MMEngine's runner
def test_the_schedule_is_set_before_each_iteration(added):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.4)
    schedule = FractionalEpochLR.build_iter_from_epoch(
        optimizer, max_epochs=6, warmup=2, warmup_ratio=0.1, epoch_length=5,
        **added,
    )  # fmt: skip
    for iteration in range(30):
        expected = learning_rate(iteration / 5, 0.4, 6, 2, 0.04)
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected)
        optimizer.step()
        schedule.step()


def test_the_cosine_is_not_shifted_by_the_warm_up():
    assert learning_rate(35, 0.4, 200, 35, 0.008) == learning_rate(
        35, 0.4, 200
    )


def test_steps_without_factors_are_refused():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.4)
    with pytest.raises(ValueError, match='begin with 0 and have one factor'):
        FractionalEpochLR(optimizer, max_epochs=6, steps=(0, 2), factors=(1,))
