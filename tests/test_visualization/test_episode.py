# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmssl.visualization import answer_figure, episode_figure


def pictures(first, count):
    return [np.full((4, 4, 3), first + i, np.uint8) for i in range(count)]


def draw(predicted=(0, 1, 0, 0), support=4, queries=4):
    return episode_figure(
        pictures(10, support), pictures(50, queries), predicted,
        ['cat', 'dog'],
    )  # fmt: skip


def test_rows_are_classes_and_mistakes_say_what_was_seen():
    axes = draw().axes
    assert len(axes) == 2 * 5
    shown = [a.images[0].get_array()[0, 0, 0] if a.images else None
             for a in axes]  # fmt: skip
    assert shown == [10, 12, None, 50, 52, 11, 13, None, 51, 53]
    titles = [axis.get_title(loc='left') for axis in axes]
    assert titles == ['cat', '', '', '', '', 'dog', '', '', '', 'cat']


@pytest.mark.parametrize(
    'broken', [dict(predicted=(0, 1)), dict(support=3), dict(support=0)]
)
def test_counts_that_do_not_fit_are_refused(broken):
    with pytest.raises(ValueError, match='an episode of 2 classes needs'):
        draw(**broken)


def test_answers_are_rows_of_their_class_the_surest_first():
    examples = dict(cat=pictures(10, 1), dog=pictures(20, 2))
    answers = [('dog', 0.6), ('dog', 0.9), ('cat', 0.7)]
    axes = answer_figure(examples, pictures(50, 3), answers).axes
    assert len(axes) == 2 * 5
    shown = [a.images[0].get_array()[0, 0, 0] if a.images else None
             for a in axes]  # fmt: skip
    assert shown == [10, None, None, 52, None, 20, 21, None, 51, 50]
    assert axes[8].get_title(loc='left') == '0.90'
    with pytest.raises(ValueError, match='one answer a query'):
        answer_figure(examples, pictures(50, 3), answers[:2])
