# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a newcomer sees first."""

import json

import pytest
from PIL import Image


@pytest.mark.slow
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_training_beats_the_untrained_network_and_the_pictures(
    tool, tmp_path, monkeypatch, capsys, seed
):
    monkeypatch.chdir(tmp_path)
    assert tool('quickstart.py').main(['--seed', str(seed)]) == 0
    folder = tmp_path / 'work_dirs/quickstart'
    rows = json.loads((folder / 'results.json').read_text())
    accuracy = {row['network']: row['knn/top1'] for row in rows}
    trained = accuracy.pop('epoch_10.pth')
    assert set(accuracy) == {'mean colour', 'raw pixels', 'untrained'}
    assert trained > max(accuracy.values()) + 5
    page = (folder / 'report.html').read_text()
    assert page.count('data:image/png;base64,') == 4
    for name in ('training', 'neighbours', 'map', 'map_pictures'):
        with Image.open(folder / f'{name}.png') as picture:
            assert min(picture.size) > 200
    assert 'raw pixels' in capsys.readouterr().out
