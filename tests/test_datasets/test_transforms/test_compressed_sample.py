# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which frames CMD takes of a video."""

import numpy as np
import pytest
from golden import ROOT

from mmssl.datasets.transforms import (
    CompressedClipSample,
    UnreadableVideo,
    negative_window_starts,
)

GROUPS = ('I' + 11 * 'P') * 30


@pytest.mark.parametrize('case', range(5))
def test_windows_of_other_moments_are_the_authors(case):
    g = np.load(ROOT / 'cmd/negative_window_starts.npz')
    found = negative_window_starts(*g[f'c{case}_in'].tolist())
    np.testing.assert_array_equal(found, g[f'c{case}_starts'])


@pytest.mark.parametrize(
    ('settings', 'shortest'),
    [
        ({}, 71),
        (dict(clip_len=8, stride=2, interval=1, future_len=4), 20),
    ],
)
def test_ten_thousand_draws_keep_to_the_rules(settings, shortest):
    step = CompressedClipSample(**settings)
    assert step.min_frames == shortest
    rng = np.random.default_rng(0)
    reached = set()
    for _ in range(10000):
        total = int(rng.integers(shortest, 2 * shortest))
        clip, windows, iframe = step.choose(total, GROUPS[:total], rng)
        end = clip[-1]
        assert clip[0] >= 0 and len(clip) == step.clip_len
        assert (np.diff(clip) == step.stride).all()
        future = end + step.interval + 1 + np.arange(step.future_len)
        np.testing.assert_array_equal(windows[0], future)
        assert windows.min() >= 0 and windows.max() < total
        assert (np.diff(windows, axis=1) == 1).all()
        assert not np.isin(windows[1:], future).any()
        assert len(set(windows[1:, 0])) == 3
        assert clip[0] - 5 <= iframe <= end + 5 and iframe % 12 == 0
        reached.add(total - 1 - future[-1])
    assert min(reached) == 0  # the last frame may be the future's


def test_few_windows_are_drawn_with_replacement():
    step = CompressedClipSample(
        clip_len=2, stride=1, interval=0, future_len=2, neg_num=3,
        iframe_margin=0,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    _, windows, _ = step.choose(4, 'IPPP', rng)
    assert windows.tolist() == [[2, 3], [0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    ('total', 'types', 'settings', 'message'),
    [
        (70, GROUPS[:70], {}, '70 frames are too few, 71 are needed: 61 of'),
        (90, 'I' + 89 * 'P', dict(iframe_margin=0), 'no I-frame among'),
        (
            3, 'IPP',
            dict(clip_len=1, interval=0, future_len=2, neg_num=1),
            'no window of 2 frames beside the future at frame 1 of 3',
        ),
    ],
)  # fmt: skip
def test_a_video_that_does_not_serve_is_named(total, types, settings, message):
    step = CompressedClipSample(**settings)
    rng = np.random.default_rng(3)
    with pytest.raises(UnreadableVideo, match=f'a.mp4: {message}') as error:
        for _ in range(50):
            step.choose(total, types, rng, 'a.mp4')
    if 'I-frame' in message:
        assert 'reencode_videos.py a.mp4 a_gop12.mp4' in str(error.value)


@pytest.mark.parametrize(
    ('name', 'value'),
    [('clip_len', 0), ('stride', 0), ('neg_num', -1), ('gap', -1)],
)
def test_numbers_outside_their_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f'{name} must be >= .*{value}'):
        CompressedClipSample(**{name: value})
