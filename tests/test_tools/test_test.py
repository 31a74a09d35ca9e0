# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The command line of evaluation."""

import json
import re

import pytest
import torch
from PIL import Image


@pytest.fixture
def checkpoint(tool, toy_config, quiet, tmp_path):
    epochs = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert tool('train.py').main([toy_config, *epochs]) == 0
    return tmp_path / 'work_dirs/toy/epoch_1.pth'


def test_metrics_are_printed_and_written_as_json(
    tool, toy_config, checkpoint, tmp_path, capsys
):
    test = tool('test.py').main
    out = tmp_path / 'out.json'
    argv = [toy_config, str(checkpoint), '--out', str(out)]
    assert test([*argv, '--work-dir', 'tested']) == 0
    (written,) = (tmp_path / 'tested').glob('*/metrics.json')
    content = json.loads(written.read_text())
    assert content == json.loads(out.read_text())
    assert content['checkpoint'] == str(checkpoint)
    value = content['metrics']['mean']
    printed = capsys.readouterr().out
    assert f'mean  {value:>8.4g}\n' in printed
    assert re.search(r'matched (\d+)/\1, missing 0', printed)


def test_a_missing_checkpoint_is_exit_code_2(tool, toy_config, capsys):
    assert tool('test.py').main([toy_config, 'none.pth']) == 2
    error = capsys.readouterr().err
    assert error == 'error: checkpoint not found: none.pth\n'


def test_weights_that_do_not_match_stop_the_test(
    tool, toy_config, quiet, tmp_path, capsys
):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'x.weight': torch.ones(1)}), path)
    assert tool('test.py').main([toy_config, str(path)]) == 2
    assert 'backbone weights' in capsys.readouterr().err.splitlines()[-1]


def test_a_config_without_test_settings_says_what_it_lacks(
    tool, toy_config, checkpoint, capsys
):
    flags = ['--cfg-options', 'test_evaluator=None']
    argv = [toy_config, str(checkpoint), *flags]
    assert tool('test.py').main(argv) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert 'does not define test_evaluator' in error


def test_pictures_are_drawn_where_features_are_evaluated(
    tool, quiet, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    small = ['--cfg-options', 'train_cfg.max_epochs=1',
             'train_dataloader.num_workers=0',
             'test_dataloader.dataset.per_class=3',
             'test_cfg.bank_dataloader.dataset.per_class=5']  # fmt: skip
    train = ['simclr_tiny', '--work-dir', 'run', '--no-validate', *small]
    assert tool('train.py').main(train) == 0
    test = ['simclr_tiny', 'run/epoch_1.pth', '--show-dir', 'shown', *small]
    assert tool('test.py').main(test) == 0
    with Image.open('shown/neighbours.png') as grid:
        assert min(grid.size) > 200
    assert re.search(r'knn/top1 +\d+\.\d\d %\n', capsys.readouterr().out)
