# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Lists of a part of the labels."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmssl.datasets import ImageNet


@pytest.fixture
def write(tool, tmp_path, monkeypatch):
    """The tool, in a folder with 20 cats and 10 dogs below ``train``."""
    for name, count in (('cat', 20), ('dog', 10)):
        (tmp_path / 'train' / name).mkdir(parents=True)
        for number in range(count):
            path = tmp_path / 'train' / name / f'{name}_{number}.png'
            cv2.imwrite(str(path), np.zeros((4, 4, 3), np.uint8))
    monkeypatch.chdir(tmp_path)
    main = tool('benchmarks/classification/write_subset.py').main
    return lambda *argv: main(['train', *argv])


def labels(path):
    lines = Path(path).read_text().splitlines()
    return Counter(int(line.rsplit(' ')[1]) for line in lines)


def test_a_share_is_taken_of_each_class(write):
    assert write('--share', '0.1', '--out', 'meta/a.txt') == 0
    assert labels('meta/a.txt') == {0: 2, 1: 1}
    data = ImageNet('.', 'train', ann_file='meta/a.txt', views=[dict(size=4)])
    assert data.labels.tolist() == [0, 0, 1]
    assert data[2]['inputs'][0].shape == (3, 4, 4)


def test_the_seed_alone_chooses(write):
    for name, seed in (('a', '3'), ('b', '3'), ('c', '4')):
        write('--per-class', '5', '--seed', seed, '--out', name)
    assert labels('a') == {0: 5, 1: 5}
    a, b, c = (Path(name).read_text() for name in 'abc')
    assert a == b != c


def test_published_names_find_their_class(write, capsys):
    Path('names.txt').write_text('dog_3.png\ncat_7.png\n')
    assert write('--names', 'names.txt', '--out', 'a.txt') == 0
    assert Path('a.txt').read_text() == 'cat/cat_7.png 0\ndog/dog_3.png 1\n'
    Path('names.txt').write_text('cat_1.png owl_1.png')
    assert write('--names', 'names.txt', '--out', 'b.txt') == 2
    assert '1 of 2 names are not among' in capsys.readouterr().err
    assert not Path('b.txt').exists()


@pytest.mark.parametrize('flags', [['--share', '0'], ['--per-class', '0'], []])
def test_wrong_usage(write, flags):
    assert write(*flags, '--out', 'a.txt') == 2
