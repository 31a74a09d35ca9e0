# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Generated videos: fixed, different, of three classes."""

import numpy as np
import pytest

from mmssl.datasets import TexturedVideos, textured_video
from mmssl.datasets.textured_videos import CLASSES

VIEWS = [dict(type='CenterView', size=16, num=2)]
CLIPS = dict(num_clips=2, clip_len=4, frame_interval=2, short_side=None)


def test_videos_of_a_split_are_always_the_same():
    settings = dict(num_videos=6, views=VIEWS, clips=CLIPS)
    train, again = TexturedVideos(**settings), TexturedVideos(**settings)
    test = TexturedVideos(split='test', **settings)
    assert train.labels.tolist() == [0, 1, 2, 0, 1, 2]
    for first, second, other in zip(
        train.videos, again.videos, test.videos, strict=True
    ):
        assert first.shape == (32, 40, 40, 3) and first.dtype == np.uint8
        assert (first == second).all() and (first != other).any()
    item = train[4]
    assert [tuple(view.shape) for view in item['inputs']] == [
        (3, 4, 16, 16)
    ] * 2
    assert item['data_samples'].num_frames == 32
    assert item['data_samples'].path == 'train/4'


@pytest.mark.parametrize('kind', CLASSES)
def test_patterns_move_and_are_seen(kind):
    video = textured_video(np.random.default_rng(1), kind, 32, 40)
    levels = video.astype(float)
    assert levels.std(axis=(1, 2)).min() > 20
    near = np.abs(levels[1] - levels[0]).mean()
    far = np.abs(levels[31] - levels[0]).mean()
    assert far > 1.5 * near > 10


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split must be .* got 'val'"):
        TexturedVideos(split='val', views=VIEWS, clips=CLIPS)
