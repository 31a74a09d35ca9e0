# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What our runner adds to MMEngine's."""

import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmssl.engine.optimizers import AmpOptimWrapper
from mmssl.utils.errors import UsageError


def test_any_default_hook_is_switched_off_by_none(make_runner):
    on = [type(hook).__name__ for hook in make_runner('run').hooks]
    off = [
        type(hook).__name__
        for hook in make_runner(
            'run', default_hooks__step_seed=None, default_hooks__timer=None
        ).hooks
    ]
    assert sorted(set(on) - set(off)) == ['IterTimerHook', 'StepSeedHook']


def test_a_foreign_checkpoint_is_loaded_only_when_trusted(
    make_runner, tmp_path
):
    path = tmp_path / 'foreign.pth'
    state = make_runner('run').model.state_dict()
    torch.save(dict(state_dict=state, x=HistoryBuffer([1.0], [1])), path)
    with pytest.raises(UsageError, match='--trust-checkpoint'):
        make_runner('run').load_checkpoint(str(path))
    runner = make_runner('run', trust_checkpoint=True)
    runner.load_checkpoint(str(path))
    assert torch.equal(
        runner.model.state_dict()['head.0.bias'], state['head.0.bias']
    )


def test_a_poor_match_is_accepted_by_the_config_key_alone(
    make_runner, tmp_path
):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'head.0.bias': torch.ones(2)}), path)
    with pytest.raises(UsageError, match='strict_load=False'):
        make_runner('run').load_checkpoint(str(path))
    runner = make_runner('run', strict_load=False)
    runner.load_checkpoint(str(path))
    assert runner.model.head[0].bias.tolist() == [1, 1]


def test_mixed_precision_on_the_cpu_is_bf16_without_a_scaler(make_runner):
    runner = make_runner(
        'run',
        optim_wrapper__type='AmpOptimWrapper',
        optim_wrapper__accumulative_counts=2,
        train_cfg__max_epochs=1,
    )
    seen = []
    runner.model.head[0].register_forward_hook(
        lambda module, inputs, output: seen.append(output.dtype)
    )
    before = runner.model.head[0].weight.detach().clone()
    runner.train()
    wrapper = runner.optim_wrapper
    assert isinstance(wrapper, AmpOptimWrapper)
    if not torch.cuda.is_available():
        assert set(seen) == {torch.bfloat16}
        assert not wrapper.loss_scaler.is_enabled()
    assert runner.model.head[0].weight.dtype == torch.float32
    assert not torch.equal(runner.model.head[0].weight, before)


def test_mixed_precision_refuses_another_dtype():
    parameter = torch.nn.Parameter(torch.zeros(1))
    with pytest.raises(ValueError, match='got float64'):
        AmpOptimWrapper(
            dtype='float64', optimizer=torch.optim.SGD([parameter], lr=1)
        )


def test_persistent_workers_are_gone_after_stop_workers(make_runner):
    runner = make_runner(
        'run',
        train_dataloader__num_workers=2,
        train_dataloader__persistent_workers=True,
        train_cfg__max_epochs=1,
    )
    runner.train()
    workers = runner.train_dataloader._iterator._workers
    assert all(worker.is_alive() for worker in workers)
    runner.stop_workers()
    assert not any(worker.is_alive() for worker in workers)


def test_data_that_do_not_fill_one_batch_are_refused(make_runner):
    runner = make_runner(
        'run',
        train_dataloader__batch_size=1000,
        train_dataloader__drop_last=True,
    )
    with pytest.raises(UsageError, match='do not fill one batch of 1000, .*'):
        runner.train()
