# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from golden import load_golden

from mmssl.datasets.transforms import CenterView, RandomView, clip_backend


def frames_last(clip):
    """(c, t, h, w) to (t, h, w, c)."""
    return np.ascontiguousarray(clip.numpy().transpose(1, 2, 3, 0))


def test_crops_of_clips_are_resized_as_the_authors():
    g = load_golden('rho/spatial_crops.npz')
    i, j, h, w = g['crop_box'].tolist()
    cut = clip_backend.crop(frames_last(g['clip_cthw']), (j, i, w, h))
    found = clip_backend.resize(cut, (8, 8), 'bilinear', antialias=False)
    assert np.abs(found - frames_last(g['crop_resized_8x8'])).max() < 1e-5


@pytest.mark.parametrize('number', range(3))
def test_three_crops_for_testing_are_the_authors(number):
    g = load_golden('rho/spatial_crops.npz')
    view = CenterView(14, 14, antialias=False, place=number / 2)
    found, _ = view(frames_last(g['clip_cthw']))
    expected = frames_last(g['three_crops'][number])
    assert np.abs(found - expected).max() < 1e-5


def test_all_frames_of_a_clip_get_the_same_numbers():
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    view = RandomView(
        16, jitter=(0.6, 0.6, 0.6, 0.15), gray_prob=0.2, blur_prob=0.5
    )
    for seed in range(10):
        generator = np.random.default_rng(seed)
        clip, _ = view(np.stack([frame] * 4), generator)
        assert clip.shape == (4, 16, 16, 3)
        assert (clip == clip[:1]).all()
