# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Our steps in the pipelines of mmaction2's recognisers."""

import numpy as np
import pytest
import torch
from small_videos import number_of, numbered_frames, write_video

from mmssl.datasets.transforms import (
    ClipLabels,
    DecodeClips,
    DecodeSegments,
    DecodeStrided,
    RandomShortSide,
    TurnImgs,
    ViewOfImgs,
)


def results_of(frames, clip_len):
    return dict(imgs=list(frames), clip_len=clip_len, key=(0, 0, 0))


def textured(count=8, size=(20, 30)):
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    return np.repeat(frame[None], count, 0)


def test_clips_arrive_as_mmaction2_reads_them(tmp_path):
    path = write_video(tmp_path / 'a.mp4', numbered_frames(24))
    step = DecodeClips(
        num_clips=2, clip_len=3, frame_interval=4, target_fps=None,
        sampling='uniform', short_side=None,
    )  # fmt: skip
    results = step(dict(filename=str(path)))
    assert len(results['imgs']) == 6
    assert results['num_clips'] == 2 and results['clip_len'] == 3
    found = [number_of(frame) for frame in results['imgs']]
    assert found == results['frame_inds'].tolist()
    assert results['img_shape'] == (48, 64)
    assert results['total_frames'] == 24 and results['modality'] == 'RGB'


def test_one_frame_of_each_segment():
    middle = DecodeSegments(clip_len=4, sampling='uniform')
    rng = np.random.default_rng(0)
    # edges 0, 2.25, 4.5, 6.75, 9, rounded half to even
    assert middle.choose(10, 30.0, rng).tolist() == [[1, 3, 5, 8]]
    any_ = DecodeSegments(clip_len=4)
    drawn = np.concatenate([any_.choose(10, 30.0, rng) for _ in range(500)])
    edges = np.array([0, 2, 4, 7, 9])
    assert (drawn.min(0) == edges[:-1]).all()
    assert (drawn.max(0) == edges[1:]).all()
    with pytest.raises(ValueError, match='num_clips must be 1, got 2'):
        DecodeSegments(num_clips=2)


@pytest.mark.parametrize(
    'overrun, expected',
    [('first', [0, 4, 8, 0, 0]), ('wrap', [0, 4, 8, 0, 4])],
)
def test_videos_that_are_too_short_begin_anew(overrun, expected):
    step = DecodeStrided(
        num_clips=1, clip_len=5, frame_interval=4, overrun=overrun
    )
    rng = np.random.default_rng(0)
    assert step.choose(11, 30.0, rng).tolist() == [expected]


def test_strided_clips_stand_at_the_middles_of_equal_parts():
    step = DecodeStrided(
        num_clips=10, clip_len=16, frame_interval=4, sampling='uniform'
    )
    rng = np.random.default_rng(0)
    clips = step.choose(161, 30.0, rng)
    assert clips[:, 0].tolist() == [5 + 10 * k for k in range(10)]
    assert (np.diff(clips) == 4).all() and clips.max() < 161
    drawn = DecodeStrided(num_clips=2000, clip_len=16, frame_interval=4)
    starts = drawn.choose(64, 30.0, rng)[:, 0]
    assert set(starts.tolist()) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="overrun must be one of .*'last'"):
        DecodeStrided(overrun='last')


def test_colours_change_alike_in_all_frames_and_otherwise_in_each_clip():
    step = ViewOfImgs(
        steps=('gray', 'jitter'), gray_prob=0.0, jitter=(0.4, 0.4, 0.4, 0.1)
    )
    before = textured()
    results = step(results_of(before, 4))
    after = np.stack(results['imgs'])
    assert after.shape == before.shape
    assert (after[:4] == after[0]).all() and (after[4:] == after[4]).all()
    assert not (after[0] == after[4]).all() and not (after == before).all()
    grey = ViewOfImgs(steps=('gray', 'jitter'), gray_prob=1.0)
    after = np.stack(grey(results_of(before, 8))['imgs'])
    assert (after == after[..., :1]).all()


def test_a_view_cuts_all_frames_of_a_clip_alike():
    results = ViewOfImgs(size=8, area=(0.2, 0.5))(results_of(textured(), 4))
    views = np.stack(results['imgs'])
    assert views.shape == (8, 8, 8, 3) and results['img_shape'] == (8, 8)
    assert (views[:4] == views[0]).all()
    assert not (views[0] == views[4]).all()


def test_one_by_the_short_side_is_uniform():
    torch.manual_seed(0)
    step = RandomShortSide(64, 80)
    sides = []
    for _ in range(400):
        results = step(results_of(textured(1, (10, 20)), 1))
        height, width = results['imgs'][0].shape[:2]
        assert (height, width) == results['img_shape']
        assert width == 2 * height
        sides.append(height)
    assert min(sides) == 64 and max(sides) == 80
    inverse = 1 / np.array(sides)
    assert abs(inverse.mean() - (1 / 64 + 1 / 80) / 2) < 2e-4
    with pytest.raises(ValueError, match='0 < low <= high, got 9 and 3'):
        RandomShortSide(9, 3)


def test_a_clip_has_the_labels_of_its_time_a_test_video_all():
    results = dict(
        actions=[(0, 0.0, 0.9), (1, 2.5, 4.0), (3, 1.5, 1.6)],
        frame_inds=np.array([30, 45, 60]),
        fps=30.0,
    )
    label = ClipLabels(5)(dict(results))['label']
    assert label.tolist() == [0, 0, 0, 1, 0]  # seconds 1 to 2
    label = ClipLabels(5, whole=True)(dict(results))['label']
    assert label.tolist() == [1, 1, 0, 1, 0]


def test_all_frames_turn_by_one_angle():
    torch.manual_seed(0)
    frames = textured(3, (21, 21))
    turned = np.stack(TurnImgs(3000.0)(results_of(frames, 3))['imgs'])
    assert (turned == turned[0]).all() and not (turned == frames).all()
    same = np.stack(TurnImgs(0.0)(results_of(frames, 3))['imgs'])
    assert (same == frames).all()
    with pytest.raises(ValueError, match='degrees must be >= 0, got -1'):
        TurnImgs(-1)
