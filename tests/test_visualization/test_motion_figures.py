# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Colours say direction and length; figures say what they cannot draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from mmssl.visualization import (
    expectation_figure,
    motion_colours,
    motion_figure,
    save_figure,
)


def test_directions_are_hues_and_lengths_are_strength():
    motion = np.array([[[0, 0], [4, 0], [-4, 0], [0, 4], [2, 0]]])
    still, right, left, down, slow = motion_colours(motion)[0].tolist()
    assert still == [255, 255, 255]
    assert right == [255, 0, 0] and left == [0, 255, 255]
    assert down in ([127, 255, 0], [128, 255, 0])
    assert slow in ([255, 127, 127], [255, 128, 128])
    assert motion_colours(motion, 2.0)[0, 4].tolist() == right
    assert (motion_colours(np.zeros((2, 3, 2))) == 255).all()


def test_arrows_and_colours_are_drawn(tmp_path):
    frame = np.full((48, 64, 3), 99, np.uint8)
    motion = np.zeros((48, 64, 2), np.int16)
    motion[:, 32:] = 3, -2
    figure = motion_figure([frame] * 2, [motion, 0 * motion], ['a', 'b'])
    assert isinstance(figure, Figure) and len(figure.axes) == 6
    arrows = figure.axes[0].collections[0]
    assert len(arrows.U) == 6 and set(arrows.U) == {15.0}
    save_figure(figure, tmp_path / 'a.png')
    with pytest.raises(ValueError, match='got 2, 1 and 2'):
        motion_figure([frame] * 2, [motion], ['a', 'b'])


def test_the_best_window_of_each_clip_is_marked():
    similarity = np.eye(3, 6) + 0.1
    similarity[2] = [0, 0, 0, 0, 5, 0]
    figure = expectation_figure(similarity, 2, list('abc'))
    true, other, *_ = figure.axes
    assert true.collections[0].get_offsets().tolist() == [[0, 0], [1, 1]]
    assert other.collections[0].get_offsets().tolist() == [[1, 2]]
    assert true.get_title('left') == 'true future'
