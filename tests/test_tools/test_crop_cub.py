# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two birds are cut to their boxes."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def cub(tmp_path):
    folder = tmp_path / 'cub/images/001.Bird'
    folder.mkdir(parents=True)
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10:30, 20:50] = 255
    for name in 'ab':
        Image.fromarray(pixels).save(folder / f'{name}.jpg', quality=100)
    root = tmp_path / 'cub'
    (root / 'images.txt').write_text('1 001.Bird/a.jpg\n2 001.Bird/b.jpg\n')
    boxes = '1 20.0 10.0 30.0 20.0\n2 50.0 30.0 30.0 20.0\n'
    (root / 'bounding_boxes.txt').write_text(boxes)
    return root


@pytest.fixture
def crop(tool, cub, tmp_path):
    main = tool('dataset_tools/crop_cub.py').main
    return lambda *more: main([str(cub), '--out', str(tmp_path / 'o'), *more])


def test_birds_are_cut_to_their_boxes(crop, tmp_path, capsys):
    assert crop() == 0
    first, second = (Image.open(tmp_path / f'o/{n}.jpg') for n in 'ab')
    assert first.size == (30, 20) and np.asarray(first).min() > 240
    assert second.size == (10, 10)  # a box beyond the border ends there
    assert '2 pictures written' in capsys.readouterr().out
    assert crop() == 0
    assert '0 pictures written' in capsys.readouterr().out
    assert crop('--again') == 0
    assert '2 pictures written' in capsys.readouterr().out


def test_broken_data_are_named(crop, cub, capsys):
    (cub / 'images/001.Bird/b.jpg').write_text('no picture')
    assert crop() == 2
    assert 'b.jpg is missing or no picture' in capsys.readouterr().err
    boxes = cub / 'bounding_boxes.txt'
    boxes.write_text('1 20.0 10.0 30.0 20.0\n')
    assert crop() == 2
    assert 'no box for the picture 2' in capsys.readouterr().err
    boxes.write_text('1 20.0 10.0\n')
    assert crop() == 2
    assert 'line 1: expected a number and 4 values' in capsys.readouterr().err
    boxes.unlink()
    assert crop() == 2
    assert 'unpacked CUB_200_2011' in capsys.readouterr().err
