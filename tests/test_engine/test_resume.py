# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A resumed run ends where the uninterrupted one does, bit by bit."""

import json
import os
import signal

import pytest
import torch
from mmengine.hooks import Hook
from resumed_runs import assert_same, everything

from mmssl.engine.hooks import BackboneExportHook
from mmssl.engine.resume import find_checkpoint
from mmssl.utils.errors import RunStopped, UsageError
from mmssl.utils.files import TEMPORARY_SUFFIX


class SignalAt(Hook):
    """Sends this process a signal in one iteration."""

    def __init__(self, iteration, signum=signal.SIGTERM):
        self.iteration, self.signum = iteration, signum

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            os.kill(os.getpid(), self.signum)


@pytest.mark.parametrize(
    'workers, accumulation, iteration',
    [(0, 1, 0), (0, 1, 11), (0, 4, 8), (0, 4, 16), (2, 1, 8), (2, 4, 11)],
)
def test_a_run_stopped_by_a_signal_ends_as_the_uninterrupted_one(
    make_runner, tmp_path, workers, accumulation, iteration
):
    changes = dict(
        train_dataloader__num_workers=workers,
        optim_wrapper__accumulative_counts=accumulation,
    )
    make_runner('straight', **changes).train()
    stopped = make_runner('stopped', **changes)
    stopped.register_hook(SignalAt(iteration))
    with pytest.raises(RunStopped, match='--resume'):
        stopped.train()
    make_runner('stopped', resume=True, **changes).train()
    assert_same(
        everything(tmp_path / 'straight/epoch_3.pth'),
        everything(tmp_path / 'stopped/epoch_3.pth'),
    )


@pytest.mark.parametrize('accumulation', [1, 4])
def test_a_run_resumed_between_epochs_ends_as_the_uninterrupted_one(
    make_runner, tmp_path, accumulation
):
    changes = dict(optim_wrapper__accumulative_counts=accumulation)
    make_runner('run', **changes).train()
    expected = everything(tmp_path / 'run/epoch_3.pth')
    make_runner(
        'run',
        resume=True,
        load_from=str(tmp_path / 'run' / 'epoch_1.pth'),
        **changes,
    ).train()
    assert_same(everything(tmp_path / 'run/epoch_3.pth'), expected)


@pytest.mark.parametrize('iteration', [2, 8])
def test_an_iteration_loop_resumes_by_seeking(
    make_runner, tmp_path, iteration
):
    changes = dict(
        train_cfg=dict(
            _delete_=True, type='IterTrainLoop', max_iters=15,
            val_interval=100,
        ),
        default_hooks__checkpoint__by_epoch=False,
        default_hooks__checkpoint__interval=15,
    )  # fmt: skip
    make_runner('straight', **changes).train()
    stopped = make_runner('stopped', **changes)
    stopped.register_hook(SignalAt(iteration))
    with pytest.raises(RunStopped):
        stopped.train()
    resumed = make_runner('stopped', resume=True, **changes)
    resumed.train()
    assert resumed.model.calls == 15 - iteration - 1
    assert_same(
        everything(tmp_path / 'straight/iter_15.pth'),
        everything(tmp_path / 'stopped/iter_15.pth'),
    )


def learning_rates(folder):
    """Logged rate by iteration."""
    lines = next(folder.rglob('scalars.json')).read_text().splitlines()
    return {r['step']: r['lr'] for r in map(json.loads, lines)}


def test_another_batch_size_is_followed_by_counters_and_schedules(
    make_runner, tmp_path
):
    stopped = make_runner('run')
    stopped.register_hook(SignalAt(8))
    with pytest.raises(RunStopped):
        stopped.train()
    # Iteration 9 of 18 is sample 12 of 22 in epoch 2: with batches of 2,
    # iteration 11 + 6 of 33.
    changes = dict(train_dataloader__batch_size=2)
    resumed = make_runner(
        'other',
        resume=True,
        load_from=str(tmp_path / 'run' / 'iter_9.pth'),
        **changes,
    )
    resumed.train()
    assert resumed.model.calls == 33 - 17 and resumed.iter == 33
    make_runner('afresh', **changes).train()
    expected = learning_rates(tmp_path / 'afresh')
    found = learning_rates(tmp_path / 'other')
    assert found and min(found) > 17
    for step, rate in found.items():
        assert rate == pytest.approx(expected[step], rel=1e-9)


def test_the_seed_of_the_checkpoint_stays_when_resumed(make_runner, tmp_path):
    stopped = make_runner('run')
    stopped.register_hook(SignalAt(8))
    with pytest.raises(RunStopped):
        stopped.train()
    make_runner('straight').train()
    resumed = make_runner('run', resume=True, randomness__seed=77)
    resumed.train()
    assert resumed.seed == 3
    assert_same(
        everything(tmp_path / 'run/epoch_3.pth'),
        everything(tmp_path / 'straight/epoch_3.pth'),
    )


def test_resuming_a_finished_run_only_tidies_up(make_runner, tmp_path):
    make_runner('run').train()
    before = everything(tmp_path / 'run/epoch_3.pth')
    # A kill after the last checkpoint came before the backbone was whole.
    half = tmp_path / 'run' / f'backbone.pth{TEMPORARY_SUFFIX}'
    half.write_bytes(b'half')
    again = make_runner('run', resume=True)
    again.register_hook(BackboneExportHook())
    messages = []
    again.logger.info = messages.append
    again.train()
    assert 'nothing to do (epoch 3/3)' in messages
    assert again.model.calls == 0
    assert_same(everything(tmp_path / 'run/epoch_3.pth'), before)
    assert not half.exists()
    assert (tmp_path / 'run/backbone.pth').is_file()


def test_resuming_without_a_checkpoint_starts_afresh_and_says_so(make_runner):
    runner = make_runner('run', resume=True, train_cfg__max_epochs=1)
    messages = []
    runner.logger.info = messages.append
    runner.train()
    assert any('starting afresh' in message for message in messages)
    assert runner.iter == 6


def test_weights_alone_cannot_be_resumed(make_runner, tmp_path):
    runner = make_runner('run')
    torch.save(dict(state_dict=runner.model.state_dict()), tmp_path / 'w.pth')
    resumed = make_runner(
        'run', resume=True, load_from=str(tmp_path / 'w.pth')
    )
    with pytest.raises(UsageError, match='load_from=.* without --resume'):
        resumed.train()


def test_another_model_cannot_be_resumed(make_runner, tmp_path):
    make_runner('run', train_cfg__max_epochs=1).train()
    other = make_runner('run', resume=True, model__width=5)
    with pytest.raises(UsageError, match='backbone weights'):
        other.train()


def test_load_from_takes_weights_only_with_counters_at_zero(
    make_runner, tmp_path
):
    make_runner('run', train_cfg__max_epochs=1).train()
    path = tmp_path / 'run' / 'epoch_1.pth'
    loaded = make_runner('next', load_from=str(path))
    loaded.load_or_resume()
    assert (loaded.epoch, loaded.iter) == (0, 0)
    assert_same(
        dict(loaded.model.state_dict()),
        dict(torch.load(path, weights_only=True)['state_dict']),
    )


def test_the_newest_checkpoint_is_the_one_that_was_noted(tmp_path):
    assert find_checkpoint(tmp_path) is None
    (tmp_path / 'epoch_1.pth').touch()
    (tmp_path / 'iter_9.pth').touch()
    os.utime(tmp_path / 'epoch_1.pth', (1, 1))
    assert find_checkpoint(tmp_path) == str(tmp_path / 'iter_9.pth')
    note = tmp_path / 'last_checkpoint'
    note.write_text('/gone/epoch_1.pth')  # the run folder was moved
    assert find_checkpoint(tmp_path) == str(tmp_path / 'epoch_1.pth')
