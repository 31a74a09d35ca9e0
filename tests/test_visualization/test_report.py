# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import base64
import re

import numpy as np
import pytest

from mmssl.visualization import (
    Report,
    add_map,
    add_neighbours,
    add_training,
    curve_figure,
)
from mmssl.visualization.sections import _spread


def figure():
    return curve_figure({'loss': {'loss': ([1, 2], [2, 1])}})


def test_the_page_needs_no_other_file(tmp_path):
    report = Report('Run', 'seed 0')
    report.heading('Loss')
    report.figure(figure(), 'loss', 'By iteration')
    page = report.write(tmp_path / 'page')
    text = page.read_text(encoding='utf-8')
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) == 1
    kind, code = sources[0].split(',')
    assert kind == 'data:image/png;base64'
    beside = (tmp_path / 'page' / 'loss.png').read_bytes()
    assert base64.b64decode(code) == beside
    assert text.index('<h2>Loss') < text.index('<img') < text.index('By iter')


def test_texts_cannot_break_the_page(tmp_path):
    report = Report('a < b & $c')
    report.text('<script>')
    report.table([{'n<': 'x&y', 'v': 0.12345}, {'n<': 'z'}])
    text = report.write(tmp_path).read_text(encoding='utf-8')
    assert '<title>a &lt; b &amp; $c</title>' in text
    assert '<script>' not in text and '<td>x&amp;y</td>' in text
    assert '<td>0.123</td>' in text and '<td></td>' in text


def test_two_figures_of_one_name_are_refused():
    report = Report('Run')
    report.figure(figure(), 'loss')
    with pytest.raises(ValueError, match='figure loss already'):
        report.figure(figure(), 'loss')


def test_training_section_needs_a_log(tmp_path):
    report = Report('Run')
    assert add_training(report, tmp_path) == {}
    log = tmp_path / 'vis_data' / 'scalars.json'
    log.parent.mkdir()
    log.write_text('{"loss": 2, "step": 1}\n{"loss": 1, "step": 2}\n')
    curves = add_training(report, tmp_path)
    assert curves['loss'] == ([1, 2], [2, 1])
    assert 'Training' in report.write(tmp_path).read_text()


def test_shown_queries_are_of_different_classes():
    labels = np.repeat([0, 1, 2], 5)
    assert _spread(labels, 3) == [0, 5, 10]
    assert _spread(labels, 5) == [0, 5, 10, 1, 6]
    assert _spread(np.arange(20), 4) == [0, 5, 10, 15]
    assert _spread(np.array([-1, -1]), 8) == [0, 1]


def test_neighbours_and_map_become_sections(tmp_path):
    labels = np.arange(12) % 3
    features = np.eye(3)[labels] + np.random.default_rng(0).random((12, 3))

    def picture(row):
        return np.full((4, 4, 3), 20 * row, dtype=np.uint8)

    report = Report('Run')
    near = np.array([[0, 1], [1, 2]] * 6)
    add_neighbours(report, near, picture, picture, labels, labels, count=2)
    add_map(report, dict(before=features, after=features), labels,
            ['a', 'b', 'c'], picture)  # fmt: skip
    text = report.write(tmp_path).read_text(encoding='utf-8')
    assert 'Blue frame: the same class' in text
    names = {path.name for path in tmp_path.glob('*.png')}
    assert names == {'neighbours.png', 'map.png', 'map_pictures.png'}


def test_unlabelled_neighbours_are_not_judged(tmp_path):
    none = np.full(3, -1)
    report = Report('Run')

    def picture(row):
        return np.zeros((4, 4, 3), dtype=np.uint8)

    add_neighbours(report, np.zeros((3, 2), int), picture, picture, none, none)
    assert 'Blue' not in report.write(tmp_path).read_text(encoding='utf-8')
