# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmssl.visualization import question_figure

SETTINGS = dict(
    question='who ?', answers=['a', 'b'], scores=[0.3, 0.7], true=0,
    sentences=['one', 'two'], spans=[(0, 2), (3, 4)], shares=[0.2, 0.8],
)  # fmt: skip


def test_frames_are_drawn_where_there_are_any():
    assert len(question_figure(**SETTINGS).axes) == 2
    attention = np.array([[1.0, 0, 0], [0, 0.5, 0.5]])
    figure = question_figure(
        **SETTINGS, times=[0.0, 3.0, 4.0], attention=attention,
        annotated=(0, 1), predicted=(3, 4),
    )  # fmt: skip
    assert len(figure.axes) == 3
    wide = question_figure(**SETTINGS, annotated=(-1, 9))
    assert wide.axes[1].get_xlim() == (-1, 9)
    mesh = figure.axes[2].collections[0]
    assert np.allclose(np.ravel(mesh.get_array()), [0.2, 0.4, 0.4])


@pytest.mark.parametrize(
    'change, message',
    [
        (dict(scores=[1.0]), 'each of 2 answers needs one score, got 1'),
        (dict(shares=[1.0]), '2 sentences, 2 spans and 1 shares'),
        (dict(answers=[], scores=[]), 'each of 0 answers'),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        question_figure(**(SETTINGS | change))
