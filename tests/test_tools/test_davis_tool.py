# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The command that scores folders of masks."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mmssl.utils.id_maps import write_id_map


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Four frames of two objects, of which the result has the first."""
    monkeypatch.chdir(tmp_path)
    ids = np.zeros((40, 60), np.uint8)
    ids[5:20, 5:20] = 1
    ids[25:35, 30:50] = 2
    for i in range(4):
        write_id_map(f'gt/boats/{i}.png', ids)
        write_id_map(f'results/boats/{i}.png', ids * (ids == 1))
    return ['results', 'gt']


def test_table_and_csv(tool, folders, capsys):
    davis = tool('evaluation/davis.py').main
    assert davis([*folders, '--csv', 'out/scores.csv', '--workers', '1']) == 0
    head, first, second, _, whole, _ = capsys.readouterr().out.splitlines()
    assert head.split() == [
        'object', 'J&F', 'J-mean', 'J-recall', 'J-decay', 'F-mean',
        'F-recall', 'F-decay',
    ]  # fmt: skip
    assert first.split() == ['boats_1', *['1.000'] * 3, '0.000', '1.000',
                             '1.000', '0.000']  # fmt: skip
    assert second.split() == ['boats_2', *['0.000'] * 7]
    assert whole.split()[:2] == ['all', '0.500']
    rows = list(csv.DictReader(Path('out/scores.csv').read_text().split('\n')))
    assert [row['name'] for row in rows] == [
        'boats_1', 'boats_2', 'boats', 'all',
    ]  # fmt: skip
    assert rows[2]['J&F'] == rows[3]['F_mean'] == '0.500000'


def test_errors_are_one_line(tool, folders, capsys):
    davis = tool('evaluation/davis.py').main
    Path('results/boats/2.png').unlink()
    assert davis(folders) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'sequence boats, frame 2 has' in error
    assert davis([*folders, '--workers', '0']) == 2
    assert davis([*folders, '--sequences', 'boat']) == 2
    assert 'did you mean boats?' in capsys.readouterr().err
