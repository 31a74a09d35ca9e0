# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Sheets of clips: a row each, and where in the video they lie."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from mmssl.visualization import (
    ClipRow,
    Report,
    add_retrieval,
    clip_figure,
    retrieval_figure,
    sample_rows,
)
from mmssl.visualization.style import BAD, GOOD, INK, colour


def clip(count=8, size=(6, 8), level=0):
    frames = np.zeros((count, *size, 3), np.uint8)
    frames[..., 0] = level
    frames[..., 1] = np.arange(count)[:, None, None]
    return frames


def rows_of(figure):
    """Shown frames by row, a row's title at its first frame."""
    rows = []
    for axis in figure.axes:
        if not axis.images:
            continue
        if axis.get_ylabel():
            rows.append((axis.get_ylabel(), []))
        rows[-1][1].append(axis)
    return rows


def test_each_clip_is_a_row_in_its_colour_and_has_its_time():
    frames = np.array([[0, 5, 10], [12, 17, 22]])
    rows = sample_rows([clip(3), clip(3), clip(3, level=9)], frames)
    assert [row.span for row in rows] == [(0, 10), (12, 22), (0, 10)]
    figure = clip_figure(rows, 'a.mp4   run', num_frames=30)
    shown = rows_of(figure)
    assert [title for title, _ in shown] == [
        'clip 1\n0 to 10', 'clip 2\n12 to 22', 'clip 3\n0 to 10',
    ]  # fmt: skip
    for number, (_, axes) in enumerate(shown):
        assert len(axes) == 3
        edge = axes[0].spines['left'].get_edgecolor()
        assert to_hex(edge) == colour(number)
    time = figure.axes[0]
    bars = [line.get_xdata() for line in time.lines][1::2]
    assert [tuple(bar) for bar in bars] == [(0, 10), (12, 22), (0, 10)]


def test_long_clips_show_eight_frames_from_first_to_last():
    ((_, axes),) = rows_of(clip_figure([ClipRow('a', clip(64))]))
    shown = [int(axis.images[0].get_array()[0, 0, 1]) for axis in axes]
    assert shown == [0, 9, 18, 27, 36, 45, 54, 63]


def test_what_was_found_is_right_or_wrong():
    figure = retrieval_figure(
        clip(4), [clip(4)] * 2, 'run', ['run', 'walk'], [True, False]
    )
    (query, right, wrong) = rows_of(figure)
    assert query[0] == 'query\nrun'
    assert right[0] == '1\nrun\nright' and wrong[0] == '2\nwalk\nwrong'
    edges = [
        to_hex(axes[0].spines['left'].get_edgecolor())
        for _, axes in (query, right, wrong)
    ]
    assert edges == [INK, GOOD, BAD]
    assert wrong[1][0].spines['left'].get_linestyle() != '-'
    assert [t for t, _ in rows_of(retrieval_figure(clip(2), [clip(2)]))] == [
        'query\n', '1',
    ]  # fmt: skip


@pytest.mark.parametrize('rows', [[], [ClipRow('a', clip(0))]])
def test_nothing_to_show_is_refused(rows):
    with pytest.raises(ValueError, match='needs clips'):
        clip_figure(rows)


def test_a_report_shows_queries_of_different_classes(tmp_path):
    report = Report('videos')
    add_retrieval(
        report,
        np.array([[0, 1], [1, 0], [1, 2]]),
        lambda row: clip(4, level=row),
        lambda row: clip(4, level=row),
        np.array([0, 0, 1]),
        np.array([0, 1, 1]),
        ('run', 'walk'),
        count=2,
    )
    report.write(tmp_path)
    names = sorted(p.name for p in tmp_path.glob('*.png'))
    assert names == ['retrieval_1.png', 'retrieval_2.png']
