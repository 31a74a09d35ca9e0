# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Drawn videos: scene and movement are independent, and random otherwise."""

import itertools

import numpy as np
import pytest

from mmssl.datasets import SampleIndex, SceneMotionVideos
from mmssl.datasets.scene_motion import (
    DIRECTIONS,
    MOVEMENTS,
    SCENES,
    scene_motion_video,
    scene_picture,
)

CLIPS = dict(
    num_clips=1, clip_len=4, frame_interval=2, target_fps=None, short_side=None
)
SETTINGS = dict(
    size=24, frames=32, views=[dict(type='CenterView')], clips=CLIPS
)


def moved(frame, after):
    """Movement by which one mask (h, w) becomes the next, or None."""
    for kind, step in zip(MOVEMENTS, DIRECTIONS, strict=True):
        if (np.roll(frame, step, (0, 1)) == after).all():
            return kind
    return None


def squares(video):
    """Where the squares are, (t, h, w) bool: pixels of their colour."""
    shown, counts = np.unique(video.reshape(-1, 3), axis=0, return_counts=True)
    return (video == shown[counts.argmax()]).all(-1)


@pytest.mark.parametrize('movement', range(4))
def test_everything_in_front_moves_as_the_movement_says(movement):
    masks = squares(scene_motion_video('train', 0, movement, 0, 12, 20))
    assert 0.1 < masks.mean() < 0.35
    kinds = [moved(*pair) for pair in itertools.pairwise(masks)]
    assert set(kinds) == {MOVEMENTS[movement]}


def test_a_changing_video_shows_every_movement_for_a_quarter():
    for movement, first in enumerate(MOVEMENTS):
        masks = squares(
            scene_motion_video('train', 2, movement, 1, 24, 20, True)
        )
        kinds = [moved(*pair) for pair in itertools.pairwise(masks)]
        quarters = [kinds[:5], kinds[5:11], kinds[11:17], kinds[17:]]
        assert all(len(set(quarter)) == 1 for quarter in quarters)
        assert kinds[0] == first and set(kinds) == set(MOVEMENTS)


def test_the_scene_is_still_and_tells_the_direction_of_its_stripes():
    video = scene_motion_video('test', 0, 1, 0, 48, 20)
    still = (video == video[0]).all(-1) | squares(video) | squares(video)[0]
    assert still.all()
    for scene in range(SCENES):
        rng = np.random.default_rng(5)
        picture = scene_picture(rng, scene, 40).astype(float).mean(-1)
        down, across = np.gradient(picture)
        # Doubled angles: stripes have no sense.
        mean = ((across + 1j * down) ** 2).mean()
        angle = np.angle(mean) / 2 % np.pi
        far = (angle - np.pi * scene / SCENES + np.pi / 2) % np.pi - np.pi / 2
        assert abs(far) < np.pi / SCENES / 2


def test_every_pair_is_there_and_either_may_be_the_label():
    by_movement = SceneMotionVideos(per_pair=2, **SETTINGS)
    by_scene = SceneMotionVideos(per_pair=2, label='scene', **SETTINGS)
    pairs = list(zip(by_scene.labels, by_movement.labels, strict=True))
    assert len(pairs) == 48 and len(set(pairs)) == 24
    assert by_movement.metainfo['classes'] == MOVEMENTS
    assert len(by_scene.metainfo['classes']) == SCENES
    sample = by_movement[SampleIndex(5, 0)]
    assert sample['inputs'][0].shape == (3, 4, 24, 24)
    assert sample['data_samples'].label == by_movement.labels[5]
    assert sample['data_samples'].num_frames == 32


def test_splits_are_different_videos_and_a_video_is_always_the_same():
    same = scene_motion_video('train', 1, 2, 0, 16, 24)
    scene_motion_video.cache_clear()
    assert (scene_motion_video('train', 1, 2, 0, 16, 24) == same).all()
    assert (scene_motion_video('test', 1, 2, 0, 16, 24) != same).any()
    # Reading does not change what is kept.
    dataset = SceneMotionVideos(**dict(SETTINGS, clips=dict(CLIPS)))
    first = dataset[SampleIndex(0, 0)]['inputs'][0]
    assert (dataset[SampleIndex(0, 0)]['inputs'][0] == first).all()


@pytest.mark.parametrize(
    'settings', [dict(split='val'), dict(label='colour'), dict(per_pair=0)]
)
def test_settings_outside_their_range_are_refused(settings):
    value = next(iter(settings.values()))
    with pytest.raises(ValueError, match=f'{value}'):
        SceneMotionVideos(**SETTINGS | settings)
