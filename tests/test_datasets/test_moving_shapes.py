# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Generated videos: what moves is in the masks, and splits differ."""

import numpy as np
import pytest

from mmssl.datasets import (
    MovingShapeClips,
    MovingShapeSequences,
    moving_shapes,
)

PACK = [dict(type='PackClipViews')]


def test_shapes_move_over_a_moving_ground():
    video, masks = moving_shapes(np.random.default_rng(0), 8, 64)
    assert video.shape == (8, 64, 64, 3) and video.dtype == np.uint8
    assert masks.shape == (8, 64, 64) and set(np.unique(masks)) == {0, 1, 2}
    assert (masks[0] != masks[-1]).mean() > 0.02
    background = (masks[0] == 0) & (masks[1] == 0)
    assert (video[0] != video[1])[background].mean() > 0.5
    # No grey level tells an object from the rest.
    means = [video[masks == i].mean() for i in range(3)]
    assert max(means) - min(means) < 60


def test_objects_are_in_the_first_frame_of_every_test_video():
    data = MovingShapeSequences()
    assert len(data) == 8
    for i in range(8):
        sample = data[i]['data_samples']
        assert set(np.unique(sample.given[0])) == {0, 1, 2}, i
        assert list(sample.annotations) == sample.names
        assert sample.frames[7].shape == (3, 64, 64)
        (frame,) = sample.frames.read([7])
        np.testing.assert_array_equal(
            frame, sample.frames[7].permute(1, 2, 0).numpy()
        )


def test_clips_are_fixed_videos_and_splits_differ():
    data = MovingShapeClips(PACK, num_videos=3, num_frames=2)
    test = MovingShapeClips(PACK, split='test', num_videos=3, num_frames=2)
    assert len(data) == 3
    assert data[1]['inputs'][0].shape == (3, 2, 64, 64)
    assert data[1]['data_samples'].path == 'train/1'
    first, again, other = (
        x.videos[1][1].read([0]) for x in (data, data, test)
    )
    assert (first == again).all() and (first != other).any()


def test_settings_that_do_not_fit():
    with pytest.raises(ValueError, match="split must be .* got 'val'"):
        MovingShapeSequences('val')
    with pytest.raises(ValueError, match='clip has 9 frames, a video only 8'):
        MovingShapeClips(PACK, num_frames=9)
