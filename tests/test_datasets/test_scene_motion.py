# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Drawn videos: scene and movement are independent, and random otherwise."""

import numpy as np
import pytest

from mmssl.datasets import SampleIndex, SceneMotionVideos
from mmssl.datasets.scene_motion import (
    MOVEMENTS,
    SCENES,
    scene_motion_video,
    scene_texture,
)

CLIPS = dict(
    num_clips=1, clip_len=4, frame_interval=2, target_fps=None, short_side=None
)
SETTINGS = dict(
    size=24, frames=32, views=[dict(type='CenterView')], clips=CLIPS
)


def moved_box(video):
    """Height and width of the part that changes."""
    changed = (video.max(0) != video.min(0)).any(-1)
    rows, columns = np.nonzero(changed)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_the_disc_moves_as_the_movement_says():
    boxes = {}
    for movement, kind in enumerate(MOVEMENTS):
        videos = [
            scene_motion_video('train', 0, movement, number, 64, 64)
            for number in range(4)
        ]
        boxes[kind] = np.mean([moved_box(video) for video in videos], axis=0)
    height, width = boxes['sideways']
    assert width > 1.5 * height
    height, width = boxes['updown']
    assert height > 1.5 * width
    assert abs(np.diff(boxes['circle'])) < 3
    assert abs(np.diff(boxes['pulse'])) < 3
    assert boxes['circle'].min() > 1.3 * boxes['pulse'].max()


def test_scenes_differ_and_their_videos_are_cut_from_them():
    textures = [scene_texture(scene, 24) for scene in range(SCENES)]
    assert all(t.shape == (72, 72, 3) for t in textures)
    assert len({t.tobytes() for t in textures}) == SCENES
    video = scene_motion_video('test', 3, 0, 0, 48, 24)
    corner = video[0, -3:, :3]
    windows = np.lib.stride_tricks.sliding_window_view(textures[3], (3, 3, 3))[
        ..., 0, :, :, :
    ]
    assert (windows == corner).all((-3, -2, -1)).any()


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
