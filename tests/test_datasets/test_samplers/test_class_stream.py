# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
from golden import load_golden

from mmssl.datasets import ContinualClassStream, StreamSchedule
from mmssl.utils.errors import UsageError

LABELS = np.repeat(np.arange(10), 30)


def stream(labels=LABELS, batch_size=8, seed=0, **kwargs):
    sampler = SimpleNamespace(
        dataset=SimpleNamespace(labels=labels), seed=seed
    )
    settings = dict(n_steps=200, n_classes=10) | kwargs
    return ContinualClassStream(sampler, batch_size, **settings)


def test_the_schedule_is_the_recorded_one():
    g = load_golden('curl/derived_schedule.npz')
    plan = StreamSchedule(
        g['n_steps'].item(), g['n_classes'].item(), g['n_concurrent'].item()
    )
    batch = g['batch_size'].item()
    for step in range(plan.n_steps):
        period = plan.period(step)
        assert period == g['period_of_step'][step]
        classes = plan.classes(period)
        assert classes.start == g['class_low'][step]
        assert classes.stop == g['class_high'][step]
        assert plan.classes_so_far(step) == g['supervised_active'][step]
        expected = g['blend_other_period'][step], g['blend_num_other'][step]
        assert plan.blend(step, batch)[1] == expected[1]
        if expected[1]:
            assert plan.blend(step, batch)[0] == expected[0]


def test_a_sequential_stream_shows_one_class_at_a_time():
    batches = list(stream())
    assert len(batches) == 200
    for step, batch in enumerate(batches):
        assert set(LABELS[batch]) == {step // 20}


def test_a_class_is_passed_through_in_new_orders():
    shown = np.concatenate([stream().indices(step) for step in range(15)])
    first, second = shown[:30], shown[30:60]
    assert sorted(first) == sorted(second) == list(range(30))
    assert first.tolist() != second.tolist()


def test_concurrent_classes_share_a_longer_period():
    batches = list(stream(n_concurrent=2))
    for step, batch in enumerate(batches):
        group = step // 40
        assert set(LABELS[batch]) <= {2 * group, 2 * group + 1}
    assert set(LABELS[np.concatenate(batches[:8])]) == {0, 1}


def test_a_blended_stream_fades_over_a_quarter_of_a_period():
    blended = stream(schedule='blended')
    for step in range(200):
        found = LABELS[blended.indices(step)]
        other, count = blended.plan.blend(step, 8)
        assert (found == other).sum() == count
        assert (found == step // 20).sum() == 8 - count
    assert (LABELS[blended.indices(20)] == 0).sum() == 4  # half at a border


def test_an_iid_stream_shows_all_classes():
    first = np.concatenate(
        [stream(schedule='iid').indices(s) for s in range(40)]
    )
    assert sorted(first[:300]) == list(range(300))
    assert len(set(LABELS[first[:80]])) > 5


@pytest.mark.parametrize('schedule', ['sequential', 'blended', 'iid'])
def test_a_stream_can_be_entered_anywhere(schedule):
    whole = list(stream(schedule=schedule))
    other = stream(schedule=schedule)
    other.skip_batches(57)
    assert list(other) == whole[57:]
    assert list(other) == whole  # the next pass is a whole one
    assert list(stream(schedule=schedule, seed=1)) != whole


def test_a_class_smaller_than_a_batch_is_repeated():
    tiny = stream(labels=np.repeat(np.arange(2), 3), n_classes=2)
    counts = np.bincount(tiny.indices(0), minlength=3)
    assert sorted(counts.tolist()) == [2, 3, 3]


@pytest.mark.parametrize(
    'kwargs, message',
    [
        (dict(n_steps=201), '201 steps do not divide'),
        (dict(n_concurrent=3), 'groups of n_concurrent=3'),
        (dict(n_steps=0), 'at least one step'),
        (dict(schedule='random'), "got 'random'"),
        (dict(n_classes=20), r'\[10, 11.* have none'),
    ],
)
def test_bad_streams_are_refused(kwargs, message):
    with pytest.raises(UsageError, match=message):
        stream(**kwargs)
