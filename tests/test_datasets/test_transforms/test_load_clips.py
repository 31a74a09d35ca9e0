# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from small_videos import number_of, numbered_frames, write_video

from mmssl.datasets.transforms import (
    DecodeClips,
    LoadClips,
    UnreadableVideo,
)

COUNT = 40


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp('videos') / 'a.avi'
    return str(write_video(path, numbered_frames(COUNT)))


def load(video, key=(0, 0, 0), **settings):
    settings.setdefault('clip_len', 4)
    settings.setdefault('frame_interval', 2)
    return LoadClips(**settings)(dict(path=video, key=key))


def test_clips_hold_the_frames_that_they_say(video):
    results = load(video, num_clips=3)
    assert len(results['clips']) == 3
    for clip, frames in zip(
        results['clips'], results['clip_frames'], strict=True
    ):
        assert clip.shape[:2] == (4, 256) and clip.dtype == np.uint8
        assert [number_of(frame) for frame in clip] == frames.tolist()
    assert results['num_frames'] == COUNT


def test_clips_depend_on_the_key_alone(video):
    first = load(video)['clip_frames']
    assert (load(video)['clip_frames'] == first).all()
    others = [load(video, key=(0, e, 0))['clip_frames'] for e in range(5)]
    assert any((other != first).any() for other in others)


def test_clips_come_in_random_order_unless_asked(video):
    def rising(**settings):
        firsts = [
            load(video, key=(0, e, 0), **settings)['clip_frames'][:, 0]
            for e in range(20)
        ]
        return np.mean([a <= b for a, b in firsts])

    assert rising(shuffle=False) == 1
    assert 0.2 < rising() < 0.8


def test_gaps_in_seconds_are_kept(video):
    for epoch in range(10):
        frames = load(
            video, key=(0, epoch, 0), min_gap=0.1, max_gap=0.3,
            gap_unit='seconds', shuffle=False, target_fps=None,
        )['clip_frames']  # fmt: skip
        gap = frames[1, 0] - frames[0, -1]
        assert 2 <= gap <= 10


def test_uniform_clips_do_not_move(video):
    frames = load(video, sampling='uniform', num_clips=4, target_fps=None)
    starts = frames['clip_frames'][:, 0].tolist()
    assert starts == [0, 8, 16, 24]


def test_a_short_video_repeats_its_last_frame(tmp_path):
    path = write_video(tmp_path / 'a.avi', numbered_frames(5))
    frames = load(str(path), num_clips=2, frame_interval=8)['clip_frames']
    assert frames[0].tolist() == frames[1].tolist() == [0, 4, 4, 4]


def test_a_video_of_one_frame_is_too_short(tmp_path):
    path = write_video(tmp_path / 'one.avi', numbered_frames(1))
    with pytest.raises(
        UnreadableVideo, match=r'one\.avi: too short, 1 frame\(s\) where .* 2'
    ):
        load(str(path))
    assert load(str(path), min_frames=1)['num_frames'] == 1


def test_kept_videos_are_read_from_the_disk_once(video, monkeypatch):
    step = LoadClips(clip_len=4, frame_interval=2, cache=True)
    first = step(dict(path=video, key=(0, 0, 0)))
    monkeypatch.setattr(step, '_open_file', None)
    again = step(dict(path=video, key=(0, 0, 0)))
    for one, other in zip(first['clips'], again['clips'], strict=True):
        assert (one == other).all()
    assert again['fps'] == first['fps']


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(num_clips=0), r'num_clips must be >= 1, got 0'),
        (dict(clip_len=0), r'clip_len must be >= 1'),
        (dict(min_gap=3, max_gap=2), r'min_gap must be <= max_gap, got 3'),
        (dict(gap_unit='hours'), r"got 'random' and 'hours'"),
        (dict(sampling='all'), r"sampling must be 'random'"),
        (dict(backend='vlc'), r"got 'vlc'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LoadClips(**settings)


def test_pipelines_of_mmaction2_get_the_same_frames(video):
    settings = dict(num_clips=2, clip_len=4, frame_interval=2)
    step = DecodeClips(sampling='uniform', target_fps=None, **settings)
    results = step(dict(filename=video))
    assert len(results['imgs']) == 8
    found = [number_of(frame) for frame in results['imgs']]
    assert found == results['frame_inds'].tolist()
    assert results['img_shape'] == results['imgs'][0].shape[:2]
    assert (results['num_clips'], results['clip_len']) == (2, 4)
    assert results['total_frames'] == COUNT and 'clips' not in results
