# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math
import random

import numpy as np
import pytest
from golden import load_golden
from scipy.stats import kstest

from mmssl.datasets.transforms.clip_sampling import (
    frame_indices,
    native_length,
    random_clips,
    uniform_clips,
)


def cases(letter):
    golden = load_golden('rho/clip_sampling.npz')
    for k in range(6):
        prefix = f'{letter}{k}_'
        yield {
            key[len(prefix) :]: value.numpy()
            for key, value in golden.items()
            if key.startswith(prefix)
        }


def test_frames_between_two_ends_are_the_authors():
    for case in cases('i'):
        frames, start, end, clip_len = case['in']
        found = frame_indices(start, end, int(clip_len), int(frames))
        assert (found == case['frames']).all()


def test_clips_for_testing_are_the_authors():
    for case in cases('t'):
        frames, fps, clip_len, interval, clips, offset = case['in']
        length = native_length(int(clip_len), interval, fps)
        found = uniform_clips(frames, int(clips), length, bool(offset))
        assert np.abs(found - case['start_end']).max() < 1e-9
        for (start, end), index in zip(
            found, case['frame_index'], strict=True
        ):
            indices = frame_indices(start, end, int(clip_len), int(frames))
            assert (indices == index).all()


def test_random_clips_are_the_authors_also_where_gaps_cannot_be_kept():
    for case in cases('m'):
        frames, clips, length, least, most, seed = case['in']
        random.seed(int(seed))
        found = random_clips(
            frames, int(clips), length, random.uniform, least, most
        )
        expected = case['start_end_gap'][:, :2]
        assert np.abs(found - expected).max() < 1e-9


def test_the_step_is_nine_frames_where_eight_were_asked_for():
    assert native_length(8, 8, 30.0) == 64
    assert frame_indices(0, 63, 8, 300).tolist() == list(range(0, 64, 9))
    assert native_length(8, 8, 15.0) == 32
    assert native_length(8, 2, 15.0, None) == 16


def test_free_starts_are_even():
    rng = np.random.default_rng(0)
    starts = [
        random_clips(300, 1, 64, rng.uniform)[0, 0] for _ in range(10000)
    ]
    assert kstest(np.array(starts) / 236, 'uniform').pvalue > 0.01


@pytest.mark.parametrize('clips', [2, 3, 4])
def test_gaps_are_kept_where_they_can_be(clips):
    rng = np.random.default_rng(0)
    for _ in range(300):
        found = random_clips(300, clips, 64, rng.uniform, min_gap=0)
        assert (found[1:, 0] >= found[:-1, 1]).all()
        found = random_clips(300, clips, 32, rng.uniform, 0, 40)
        gaps = found[1:, 0] - found[:-1, 1]
        assert (gaps >= 0).all() and (gaps <= 40).all()


def test_a_video_shorter_than_a_clip_gives_equal_clips():
    rng = np.random.default_rng(0)
    found = random_clips(50, 3, 64, rng.uniform, -math.inf, math.inf)
    assert (found == [0, 63]).all()
    assert frame_indices(0, 63, 8, 50)[-2:].tolist() == [49, 49]
