# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Expectation of an untrained network on made-up pans, in numbers and PNGs."""

import json

import pytest

NARROW = (
    'train_dataloader.dataset.num_videos=16', 'train_dataloader.num_workers=0',
)  # fmt: skip


@pytest.fixture
def main(tool):
    return tool('evaluation/motion_prediction.py').main


def test_numbers_and_pictures_are_written(main, tmp_path, capsys):
    out = tmp_path / 'numbers.json'
    arguments = [
        'cmd_tiny', 'untrained', '--epochs', '1', '--json', str(out),
        '--out-dir', str(tmp_path), '--cfg-options', *NARROW,
    ]  # fmt: skip
    assert main(arguments) == 0
    assert 'cell_top1: ' in capsys.readouterr().out
    numbers = json.loads(out.read_text())
    assert numbers['window_chance'] == 1 / 32
    assert 0 <= numbers['cell_top1'] < 0.2
    assert numbers['effective_rank'] > 1
    for name in ('expectation', 'motion'):
        assert (tmp_path / f'{name}.png').read_bytes()[:4] == b'\x89PNG'


def test_other_methods_are_refused(main, capsys):
    assert main(['byol_tiny', 'untrained']) == 2
    assert 'trains BYOL; this tool is for CMD' in capsys.readouterr().err
