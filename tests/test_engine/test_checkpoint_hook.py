# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Checkpoints: plain content, atomic, never a moment without one."""

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

import mmssl


def kinds(value, found):
    """All types in nested content."""
    if isinstance(value, dict):
        for key, item in value.items():
            found.add(type(key))
            kinds(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            kinds(item, found)
    else:
        found.add(type(value))
    return found


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


def test_a_checkpoint_holds_tensors_and_plain_python_only(
    make_runner, tmp_path
):
    runner = make_runner('run', train_cfg__max_epochs=1)
    runner.message_hub.update_info('numpy', np.float64(2.5))
    runner.message_hub.update_info('array', np.arange(2))
    runner.train()
    content = torch.load(tmp_path / 'run/epoch_1.pth', weights_only=True)
    assert kinds(content, set()) <= {
        torch.Tensor, int, float, bool, str, type(None),
    }  # fmt: skip
    assert content['message_hub']['runtime_info']['array'] == [0, 1]
    meta = content['meta']
    assert (meta['epoch'], meta['iter'], meta['seed']) == (1, 6, 3)
    assert meta['mmssl_version'] == mmssl.__version__
    assert meta['torch_version'] == torch.__version__
    assert meta['dataset_meta'] == dict(name='toy')
    assert {'mmengine_version', 'time', 'cfg'} <= set(meta)


def test_log_histories_come_back_as_buffers(make_runner, tmp_path):
    runner = make_runner('run', train_cfg__max_epochs=1)
    runner.train()
    saved = runner.message_hub.get_scalar('train/loss').data
    resumed = make_runner('run', resume=True)
    checkpoint = resumed._read(str(tmp_path / 'run/epoch_1.pth'), 'cpu')
    loaded = checkpoint['message_hub']['log_scalars']['train/loss']
    assert isinstance(loaded, HistoryBuffer)
    for one, other in zip(saved, loaded.data, strict=True):
        np.testing.assert_array_equal(one, other)


def test_old_checkpoints_are_removed_after_the_new_one_is_whole(
    make_runner, tmp_path, monkeypatch
):
    runner = make_runner('run', default_hooks__checkpoint__max_keep_ckpts=1)
    seen = []
    save = type(runner).save_checkpoint

    def watch(self, *args, **kwargs):
        seen.append(names(tmp_path / 'run'))
        save(self, *args, **kwargs)
        seen.append(names(tmp_path / 'run'))

    monkeypatch.setattr(type(runner), 'save_checkpoint', watch)
    runner.train()
    assert seen == [
        [], ['epoch_1.pth'],
        ['epoch_1.pth'], ['epoch_1.pth', 'epoch_2.pth'],
        ['epoch_2.pth'], ['epoch_2.pth', 'epoch_3.pth'],
    ]  # fmt: skip
    assert names(tmp_path / 'run') == ['epoch_3.pth']


def test_a_failed_save_leaves_the_last_checkpoint_in_force(
    make_runner, tmp_path, monkeypatch
):
    make_runner('run', train_cfg__max_epochs=1).train()
    runner = make_runner('run', resume=True)

    def fail(*args, **kwargs):
        raise OSError('disk full')

    monkeypatch.setattr('mmengine.runner.runner.save_checkpoint', fail)
    with pytest.raises(OSError, match='disk full'):
        runner.train()
    assert names(tmp_path / 'run') == ['epoch_1.pth']
    note = (tmp_path / 'run/last_checkpoint').read_text()
    assert note == str(tmp_path / 'run/epoch_1.pth')


def test_a_half_written_file_of_a_killed_run_is_cleared(make_runner, tmp_path):
    runner = make_runner('run', train_cfg__max_epochs=1)
    leftover = tmp_path / 'run/epoch_9.pth.tmp'
    leftover.write_bytes(b'half')
    runner.train()
    assert not leftover.exists()
