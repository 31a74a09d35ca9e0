# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmssl.visualization import Correspondence, correspondence_figure
from mmssl.visualization.correspondence import distinct


def test_boxes_that_were_drawn_are_left_out():
    boxes = np.arange(12).reshape(3, 4)
    pairs = np.stack(
        [
            np.concatenate([boxes[i], boxes[j]])
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2))
        ]
    )
    assert distinct(pairs, 5) == [0, 3, 4]
    assert distinct(pairs, 2) == [0, 3]


def test_every_pair_has_two_boxes_and_a_number():
    img = np.zeros((20, 30, 3), np.uint8)
    pairs = np.array([[1, 2, 8, 9, 3, 4, 10, 11], [5, 5, 9, 9, 0, 0, 7, 7]])
    row = Correspondence(img, img, pairs, np.array([0.5, np.nan]), 'a.jpg')
    figure = correspondence_figure([row, row, row])
    query, key, text = figure.axes[:3]
    for axis, start in ((query, 0), (key, 4)):
        drawn = [patch.get_bbox().bounds for patch in axis.patches[1::2]]
        wanted = pairs[:, start : start + 4] - [0.5, 0.5, 0, 0]
        assert np.allclose(drawn, wanted)
    assert [t.get_text() for t in text.texts] == ['0.500', '?']
    with pytest.raises(ValueError, match='no correspondences'):
        correspondence_figure([])
