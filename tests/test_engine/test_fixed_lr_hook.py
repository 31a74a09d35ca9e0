# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, build_optim_wrapper

from mmssl.engine.hooks import FixedLRHook

CFG = dict(
    optimizer=dict(type='SGD', lr=0.4),
    paramwise_cfg=dict(custom_keys={'head.': dict(fix_lr=True)}),
)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.neck, self.head = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)

    def forward(self, x):
        return self.head(self.neck(x))


def rates_used(hook, schedules):
    """Learning rates of neck and head at each of ten steps."""
    model = Model()
    wrapper = build_optim_wrapper(model, CFG)
    schedulers = [build(wrapper.optimizer) for build in schedules]
    hook.before_train(SimpleNamespace(optim_wrapper=wrapper))
    groups = wrapper.optimizer.param_groups
    used, weights = [], []
    for _ in range(10):
        loss = 0.01 * model(torch.ones(2, 1)).mean()
        wrapper.update_params(loss)
        used.append((groups[0]['lr'], groups[-1]['lr']))
        weights.append(model.head.weight.item())
        for scheduler in schedulers:
            scheduler.step()
    hook.after_train(None)
    assert not wrapper.optimizer._optimizer_step_pre_hooks
    return zip(*used, strict=True)


def test_predictor_keeps_its_rate_while_the_rest_follows_the_cosine():
    neck, head = rates_used(
        FixedLRHook(), [lambda o: CosineAnnealingLR(o, T_max=10)]
    )
    assert head == (0.4,) * 10
    assert neck[0] == 0.4 and neck[-1] < 0.02


def test_predictor_keeps_its_rate_in_a_warmup_too():
    neck, head = rates_used(
        FixedLRHook(),
        [lambda o: LinearLR(o, start_factor=0.1, end=5)],
    )
    assert head == (0.4,) * 10
    assert neck[0] < 0.05 and abs(neck[-1] - 0.4) < 1e-9
