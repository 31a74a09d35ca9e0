# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import load_golden
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR

from mmssl.engine.optimizers import WarmupCosineRestartLR


def rates(optimizer, epochs, iters, by_iter, by_epoch=()):
    values = []
    for _ in range(epochs):
        for _ in range(iters):
            values.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for scheduler in by_iter:
                scheduler.step()
        for scheduler in by_epoch:
            scheduler.step()
    return torch.tensor(values, dtype=torch.float64)


def test_warmup_and_steps_of_wmse_are_mmengines_composed():
    g = load_golden('wmse/lr_schedule.npz', 'a_')
    epochs, iters = g['epochs'].item(), g['iters'].item()
    optimizer = torch.optim.SGD([torch.ones(1)], lr=g['base_lr'].item())
    steps = MultiStepLR(
        optimizer,
        milestones=[epochs - d for d in g['drop'].tolist()],
        gamma=g['gamma'].item(),
    )
    warmup = LinearLR(optimizer, start_factor=1 / 500, end=500, by_epoch=False)
    got = rates(optimizer, epochs, iters, [warmup], [steps])
    assert (got - g['lr']).abs().max() < 1e-9


@pytest.mark.parametrize('case', 'ab')
def test_warmup_and_cosine_of_scrl_are_mmengines_composed(case):
    """As configs/scrl writes them: the cosine begins one step early."""
    g = load_golden('scrl/schedules.npz', f'lr_{case}_')
    epochs, iters = g['epochs'].item(), g['iters_per_epoch'].item()
    warm = g['warmup_epochs'].item()
    optimizer = torch.optim.SGD([torch.ones(1)], lr=g['base_lr'].item())
    schedules = [
        LinearLR.build_iter_from_epoch(
            optimizer,
            start_factor=1 / (warm * iters),
            end=warm,
            epoch_length=iters,
        ),
        CosineAnnealingLR.build_iter_from_epoch(
            optimizer,
            T_max=epochs - warm,
            begin=warm - 0.1,
            end=epochs,
            epoch_length=iters,
        ),
    ]
    got = rates(optimizer, epochs, iters, schedules)
    assert (got - g['lr']).abs().max() < 1e-9


def test_cosine_with_restarts_of_wmse_is_the_authors():
    g = load_golden('wmse/lr_schedule.npz', 'b_')
    epochs, iters = g['epochs'].item(), g['iters'].item()
    optimizer = torch.optim.SGD([torch.ones(1)], lr=g['base_lr'].item())
    schedule = WarmupCosineRestartLR(optimizer, g['T0'].item() * iters)
    got = rates(optimizer, epochs, iters, [schedule])
    assert (got - g['lr']).abs().max() < 1e-9


def test_cosine_with_restarts_refuses_to_count_epochs():
    optimizer = torch.optim.SGD([torch.ones(1)], lr=1.0)
    with pytest.raises(ValueError, match='counts iterations'):
        WarmupCosineRestartLR(optimizer, 10, by_epoch=True)
