# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A resumed run ends where the uninterrupted one does, bit by bit."""

import os
import signal

import pytest
import torch
from mmengine.hooks import Hook
from torch.testing import assert_close

from mmssl.engine.resume import find_checkpoint
from mmssl.utils.errors import RunStopped


class SignalAt(Hook):
    """Sends this process a signal in one iteration."""

    def __init__(self, iteration, signum=signal.SIGTERM):
        self.iteration, self.signum = iteration, signum

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            os.kill(os.getpid(), self.signum)


def everything(folder, name='epoch_3.pth'):
    """All state of a checkpoint but times and paths."""
    content = torch.load(folder / name, weights_only=True)
    losses = content['message_hub']['log_scalars']['train/loss']['values']
    return dict(
        weights=content['state_dict'],
        optimizer=content['optimizer'],
        schedules=[
            {k: v for k, v in s.items() if k != '_global_step'}
            for s in content['param_schedulers']
        ],
        counters=(content['meta']['epoch'], content['meta']['iter']),
        losses=losses,
    )


def assert_same(one, other):
    if isinstance(one, torch.Tensor):
        assert_close(one, other, rtol=0, atol=0)
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('accumulation', [1, 4])
@pytest.mark.parametrize('iteration', [0, 8, 11, 16])
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
        everything(tmp_path / 'straight'), everything(tmp_path / 'stopped')
    )


@pytest.mark.parametrize('accumulation', [1, 4])
def test_a_run_resumed_between_epochs_ends_as_the_uninterrupted_one(
    make_runner, tmp_path, accumulation
):
    changes = dict(optim_wrapper__accumulative_counts=accumulation)
    make_runner('run', **changes).train()
    expected = everything(tmp_path / 'run')
    make_runner(
        'run',
        resume=True,
        load_from=str(tmp_path / 'run' / 'epoch_1.pth'),
        **changes,
    ).train()
    assert_same(everything(tmp_path / 'run'), expected)


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
        everything(tmp_path / 'straight', 'iter_15.pth'),
        everything(tmp_path / 'stopped', 'iter_15.pth'),
    )
