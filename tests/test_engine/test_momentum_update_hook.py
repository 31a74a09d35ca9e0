# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper

from mmssl.engine.hooks.momentum_update_hook import MomentumUpdateHook


class Counter(torch.nn.Linear):
    def __init__(self):
        super().__init__(2, 1)
        self.progress, self.writes = [], 0

    def update_target(self, progress):
        self.progress.append(progress)
        return 0.9 + 0.1 * progress

    def update_queue(self):
        self.writes += 1


def train(hook, iterations, accumulate=1, skip=(), name='hub'):
    """A bare loop of the runner's calls; skip imitates a loss scaler."""
    model = Counter()
    wrapper = OptimWrapper(
        torch.optim.SGD(model.parameters(), lr=0.1),
        accumulative_counts=accumulate,
    )
    runner = SimpleNamespace(
        model=model,
        optim_wrapper=wrapper,
        max_iters=iterations,
        max_epochs=2,
        message_hub=MessageHub.get_instance(name),
    )
    hook.before_train(runner)
    for i in range(iterations):
        runner.iter, runner.epoch = i, i // (iterations // 2)
        loss = model(torch.ones(3, 2)).mean()
        if i in skip:
            wrapper.backward(loss)
        else:
            wrapper.update_params(loss)
        hook.after_train_iter(runner, i)
    hook.after_train(runner)
    return runner


def test_target_moves_once_per_real_step_under_accumulation():
    model = train(MomentumUpdateHook(), 8, accumulate=4).model
    assert model.progress == [3 / 8, 7 / 8]
    assert model.writes == 2


def test_target_rests_when_the_step_was_skipped():
    model = train(MomentumUpdateHook(), 4, skip=(1,)).model
    assert model.progress == [0, 2 / 4, 3 / 4]


def test_progress_may_count_epochs():
    model = train(MomentumUpdateHook(by_epoch=True), 4).model
    assert model.progress == [0, 0, 0.5, 0.5]


def test_momentum_is_logged():
    runner = train(MomentumUpdateHook(), 4, name='logged')
    hub = runner.message_hub
    assert hub.get_scalar('train/target_momentum').current() == pytest.approx(
        0.9 + 0.1 * 3 / 4
    )


def test_models_without_such_state_are_left_alone():
    hook = MomentumUpdateHook()
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    runner = SimpleNamespace(
        model=model, optim_wrapper=OptimWrapper(optimizer)
    )
    hook.before_train(runner)
    runner.optim_wrapper.update_params(model(torch.ones(3, 2)).mean())
    hook.after_train_iter(runner, 0)
    hook.after_train(runner)
    assert not optimizer._optimizer_step_post_hooks
