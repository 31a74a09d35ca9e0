# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Learning rates and episodes of the few-shot configs are the published."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import mmssl.engine  # noqa: F401
from mmssl.registry import OPTIM_WRAPPERS, OPTIMIZERS, PARAM_SCHEDULERS

FOLDER = Path(__file__).parents[2] / 'configs' / 'ssl_fewshot'
PROTONETS = sorted(p.stem for p in FOLDER.glob('protonet_amdim_*.py'))


def load(name):
    return Config.fromfile(FOLDER / f'{name}.py')


def rates(cfg, steps, by_epoch):
    """Learning rate of each step (or epoch) by the schedules of a kind."""
    weight = torch.nn.Parameter(torch.zeros(1))
    settings = dict(cfg.optim_wrapper)
    optimizer = OPTIMIZERS.build(dict(settings['optimizer'], params=[weight]))
    wrapper = OPTIM_WRAPPERS.build(dict(settings, optimizer=optimizer))
    schedules = [
        PARAM_SCHEDULERS.build(dict(schedule, optimizer=wrapper))
        for schedule in cfg.param_scheduler
        if schedule.get('by_epoch', True) == by_epoch
    ]
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    return found


def test_amdim_warms_up_over_500_updates_and_steps_twice():
    cfg = load('amdim_encoder128_4xb120-300e_mini80')
    expected = [2e-4 * min(1, (t + 1) / 500) for t in range(600)]
    assert rates(cfg, 600, by_epoch=False) == pytest.approx(expected)
    cfg.param_scheduler = cfg.param_scheduler[1:]
    epochs = rates(cfg, 300, by_epoch=True)
    expected = [2e-4] * 250 + [4e-5] * 30 + [8e-6] * 20
    assert epochs == pytest.approx(expected)


@pytest.mark.parametrize('name', PROTONETS)
def test_protonet_halves_the_rate_before_every_tenth_epoch(name):
    cfg = load(name)
    expected = [1e-4 * 0.5 ** (epoch // 10) for epoch in range(1, 101)]
    assert rates(cfg, 100, by_epoch=True) == pytest.approx(expected)


@pytest.mark.parametrize('name', [*PROTONETS, 'protonet_mini',
                                  'protonet_tiny'])  # fmt: skip
def test_the_sampler_draws_the_episodes_that_the_model_takes(name):
    cfg = load(name)
    sampler, model = cfg.train_dataloader.sampler, cfg.model
    for key in ('way', 'shot', 'query'):
        assert sampler[key] == model[key]
    rows = model.way * (model.shot + model.query)
    assert cfg.train_dataloader.batch_size == rows
    best = cfg.default_hooks.checkpoint.get('save_best')
    assert best in (None, f'5way_{model.shot}shot/accuracy')
