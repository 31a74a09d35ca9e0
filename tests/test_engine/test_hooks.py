# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Seeds, signals, broken losses, slow data, files beside a run."""

import json
import os
import random
import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub

from mmssl.engine.hooks import (
    NonFiniteLossError,
    SlowDataHook,
    StepSeedHook,
    SummaryHook,
)
from mmssl.engine.hooks.environment_hook import git_state
from mmssl.utils.errors import RunStopped


def draw(seed, iteration, rank):
    runner = SimpleNamespace(seed=seed, iter=iteration, rank=rank)
    StepSeedHook().before_train_iter(runner, 0)
    return torch.rand(1).item(), np.random.rand(), random.random()


def test_a_step_draws_by_seed_iteration_and_rank_alone():
    first = draw(0, 5, 1)
    torch.rand(100)
    assert draw(0, 5, 1) == first
    others = [draw(0, 5, 0), draw(0, 4, 1), draw(1, 5, 1), first]
    for generator in range(3):
        assert len({other[generator] for other in others}) == 4


def test_a_broken_loss_stops_the_run_and_says_where(make_runner, tmp_path):
    runner = make_runner('run', model__broken_from=8)
    with pytest.raises(NonFiniteLossError) as error:
        runner.train()
    message = str(error.value)
    assert 'loss = nan at iteration 9 (epoch 2)' in message
    assert 'learning rate 0.0' in message and 'not recorded' in message
    names = [path.name for path in (tmp_path / 'run').glob('*.pth')]
    assert names == ['epoch_1.pth']


def test_a_broken_loss_names_the_part_and_the_files(make_runner):
    runner = make_runner('run')
    hook = next(
        h for h in runner.hooks if type(h).__name__ == 'NonFiniteLossHook'
    )
    samples = [SimpleNamespace(path=f'{n}.jpg') for n in range(10)]
    fake = SimpleNamespace(
        iter=4,
        epoch=0,
        optim_wrapper=SimpleNamespace(get_lr=lambda: dict(lr=[0.5])),
    )
    with pytest.raises(NonFiniteLossError) as error:
        hook.after_train_iter(
            fake,
            0,
            dict(data_samples=samples),
            dict(loss_a=torch.tensor(1.0), loss_b=torch.tensor(torch.inf)),
        )
    message = str(error.value)
    assert message.startswith('loss_b = inf at iteration 5')
    assert '0.jpg' in message and '7.jpg ...' in message


def test_a_broken_loss_may_be_a_warning_only(make_runner):
    runner = make_runner(
        'run',
        model__broken_from=8,
        train_cfg__max_epochs=2,
        default_hooks__nonfinite__stop=False,
    )
    warnings = []
    runner.logger.warning = warnings.append
    runner.train()
    assert runner.iter == 12
    assert sum('loss = nan' in text for text in warnings) == 1


@pytest.mark.parametrize(
    'signum, code', [(signal.SIGTERM, 0), (signal.SIGUSR1, 75)]
)
def test_each_signal_has_its_exit_code_and_is_given_back(
    make_runner, tmp_path, signum, code
):
    class Send(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            os.kill(os.getpid(), signum)

    before = signal.getsignal(signum)
    runner = make_runner('run')
    runner.register_hook(Send())
    with pytest.raises(RunStopped) as stop:
        runner.train()
    assert stop.value.exit_code == code
    assert signal.getsignal(signum) is before
    saved = tmp_path / 'run/iter_1.pth'
    assert (tmp_path / 'run/last_checkpoint').read_text() == str(saved)
    make_runner('run', resume=True, train_cfg__max_epochs=1).train()
    assert not saved.exists(), 'the next checkpoint replaces it'


def slow(share):
    hub = MessageHub(f'slow_{share}')
    warnings = []
    runner = SimpleNamespace(
        message_hub=hub,
        logger=SimpleNamespace(warning=warnings.append),
        train_dataloader=SimpleNamespace(num_workers=3),
    )
    hook = SlowDataHook(iterations=10)
    for iteration in range(50):
        hub.update_scalar('train/data_time', share)
        hub.update_scalar('train/time', 1.0)
        hook.after_train_iter(runner, iteration)
    return warnings


def test_slow_data_is_hinted_at_once_with_the_number_of_workers():
    assert slow(0.4) == []
    (warning,) = slow(0.6)
    assert '60%' in warning and 'num_workers (now 3)' in warning


def test_the_summary_counts_data_batches_and_parameters(make_runner):
    runner = make_runner('run', optim_wrapper__accumulative_counts=2)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.model.head.requires_grad_(False)
    text = SummaryHook.summary(runner)
    # Backbone 112 + 8, its momentum copy the same, head 10 and frozen.

    assert 'parameters: 120 trainable of 250' in text
    assert 'samples: 22, iterations per epoch: 6' in text
    assert '8 (4 x 1 processes x 2 accumulated)' in text
    assert 'seed: 3' in text and runner.work_dir in text


@pytest.mark.parametrize(
    'auto_scale, hints',
    [
        (dict(base_batch_size=8), 1),
        (dict(base_batch_size=4), 0),
        (dict(base_batch_size=8, enable=True), 0),
        (None, 0),
    ],
)
def test_another_batch_than_the_tuned_one_is_hinted_at(
    make_runner, auto_scale, hints
):
    runner = make_runner('run', train_cfg__max_epochs=1)
    runner.auto_scale_lr = auto_scale
    runner.register_hook(SummaryHook())
    messages = []
    runner.logger.info = messages.append
    runner.train()
    found = [m for m in messages if '--auto-scale-lr' in m]
    assert len(found) == hints
    assert not hints or 'multiplies it by 0.5' in found[0]


def test_the_environment_and_the_backbone_are_written(make_runner, tmp_path):
    runner = make_runner('run', train_cfg__max_epochs=1)
    runner.register_hook(dict(type='EnvironmentHook'))
    runner.register_hook(dict(type='BackboneExportHook'))
    runner.train()
    (path,) = (tmp_path / 'run').glob('*/env.json')
    content = json.loads(path.read_text())
    assert content['seed'] == 3 and content['world_size'] == 1
    assert content['versions']['torch'] == torch.__version__
    assert content['command'] and 'git' in content
    saved = torch.load(tmp_path / 'run/backbone.pth', weights_only=True)
    for name, value in runner.model.backbone.state_dict().items():
        assert torch.equal(saved['state_dict'][name], value)
    assert len(saved['state_dict']) == len(runner.model.backbone.state_dict())


def test_a_folder_outside_git_has_no_git_state(tmp_path):
    assert git_state(tmp_path) is None
