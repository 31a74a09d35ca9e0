# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clips of frame folders and video files, and what is wrong with them."""

import pickle

import av
import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import worker_init_fn
from torch.utils.data import DataLoader

from mmssl.datasets import (
    EpochSampler,
    UnreadableVideo,
    VideoClipDataset,
    VideoFile,
    clip_frame_ids,
    collate_views,
)
from mmssl.datasets.image_dataset import DataError
from mmssl.datasets.vos_clips import list_videos
from mmssl.utils.errors import UsageError

PACK = [dict(type='PackClipViews')]


def write_video(path, levels, size=(32, 48)):
    """Grey frames of the given levels, with B pictures and few key frames."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=10)
        stream.height, stream.width = size
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.gop_size = 6
        stream.codec_context.options = dict(qmin='1', qmax='1')
        stream.codec_context.max_b_frames = 2
        for level in levels:
            pixels = np.full((*size, 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


LEVELS = [20 + 10 * i for i in range(20)]


@pytest.fixture(params=['mp4', 'avi'])
def video(request, tmp_path):
    return write_video(tmp_path / f'grey.{request.param}', LEVELS)


def levels_of(frames):
    return np.asarray(frames).reshape(len(frames), -1).mean(1)


def test_frames_of_a_video_by_their_number(video):
    opened = VideoFile(video)
    assert len(opened) == 20 and opened.rate == 10
    for ids in ([0], [19], [13, 2, 13, 7], list(range(20))):
        frames = opened.read(ids)
        assert frames.shape == (len(ids), 32, 48, 3)
        wanted = [LEVELS[i] for i in ids]
        np.testing.assert_allclose(levels_of(frames), wanted, atol=4)
    assert opened[-1].shape == (3, 32, 48)
    assert opened[-1].float().mean() == pytest.approx(LEVELS[-1], abs=4)
    frames = [frame.float().mean().item() for frame in opened]
    np.testing.assert_allclose(frames, LEVELS, atol=4)
    with pytest.raises(IndexError):
        opened[20]


def test_files_that_are_no_videos(tmp_path, video):
    text = tmp_path / 'text.mp4'
    text.write_text('no video')
    with pytest.raises(UnreadableVideo, match='text.mp4: FFmpeg cannot open'):
        VideoFile(text)
    with pytest.raises(UnreadableVideo, match='absent.mp4: no such'):
        VideoFile(tmp_path / 'absent.mp4')
    sound = tmp_path / 'sound.mp4'
    with av.open(str(sound), 'w') as container:
        stream = container.add_stream('aac', rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format='fltp', layout='mono'
        )
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UnreadableVideo, match='sound.mp4: there is no video'):
        VideoFile(sound)


def test_a_file_that_breaks_later_is_named_from_a_worker_too(video):
    opened = pickle.loads(pickle.dumps(VideoFile(video)))
    assert len(opened) == 20
    video.unlink()
    loader = DataLoader([opened], 1, collate_fn=read_first, num_workers=1)
    with pytest.raises(UnreadableVideo) as caught:
        list(loader)
    assert str(caught.value) == f'{video}: no such file'


def read_first(videos):
    return videos[0].read([0])


def test_frames_by_both_rules():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        ids = clip_frame_ids(20, 5, 3, rng, shuffle=True)
        steps = np.diff(np.sort(ids))
        assert (steps == 3).all() and 0 <= ids.min() <= ids.max() < 20
        seen.add(tuple(ids - ids.min()))
    assert len(seen) > 50  # of 120 orders
    starts = [clip_frame_ids(20, 5, 3, rng, True).min() for _ in range(500)]
    assert set(starts) == set(range(8))
    # A short video: steps of 13 // 5 whole frames, or of 2.6 cut to whole.
    ids = np.sort(clip_frame_ids(13, 5, 9, rng, True))
    assert np.diff(ids).tolist() == [2, 2, 2, 2] and ids[0] in range(5)
    ids = clip_frame_ids(13, 5, 9, rng, shuffle=False)
    assert ids.tolist() == [0, 2, 5, 7, 10]
    starts = [clip_frame_ids(20, 5, 3, rng, False)[0] for _ in range(300)]
    assert set(starts) == set(range(6))
    assert clip_frame_ids(5, 5, 2, rng, False).tolist() == [0, 1, 2, 3, 4]


@pytest.fixture
def videos(tmp_path):
    """Two folders of six frames, one of two, a video file, a broken one."""
    for name, count in (('a', 6), ('b/c', 6), ('short', 2)):
        for t in range(count):
            path = tmp_path / 'data' / name / f'{t:03d}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((30, 40, 3), 20 * t, np.uint8))
    write_video(tmp_path / 'data/film.mp4', LEVELS)
    (tmp_path / 'data/broken.mp4').write_text('no video')
    (tmp_path / 'data/list.txt').write_text(
        'a/003.png\na/001.png\na/005.png\na/000.png\nfilm.mp4\nb/c\n'
    )
    return tmp_path / 'data'


def test_a_folder_of_videos(videos, caplog, monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmssl.datasets.vos_clips.print_log',
        lambda text, **_: said.append(text),
    )
    data = VideoClipDataset(
        str(videos), PACK, num_frames=4, frame_gap=2, clips_per_video=2
    )
    assert len(data) == 2 * 3
    names = [name for name, _ in data.videos]
    assert [name.rsplit('data/')[1] for name in names] == [
        'a', 'b/c', 'film.mp4',
    ]  # fmt: skip
    (text,) = said
    assert '2 of 5 videos are left out' in text
    assert 'short has 2 frames' in text and 'broken.mp4' in text
    for index, step, base in ((0, 20, 0), (5, 10, 20)):
        item = data[index]
        (clip,) = item['inputs']
        sample = item['data_samples']
        levels = clip.float().mean(dim=(0, 2, 3)).numpy()
        wanted = base + step * sample.frame_ids
        np.testing.assert_allclose(levels, wanted, atol=4)
        assert sample.sample_idx == index
    assert data[5]['data_samples'].path.endswith('film.mp4')


def test_a_list_of_frames_of_folders_and_of_files(videos):
    data = VideoClipDataset(
        str(videos), PACK, list_file='list.txt', num_frames=4
    )
    found = {name.rsplit('data/')[1]: video for name, video in data.videos}
    assert list(found) == ['film.mp4', 'b/c', 'a']
    # Frames stay in the order of the list.
    names = [path.name for path in found['a'].paths]
    assert names == ['003.png', '001.png', '005.png', '000.png']
    with pytest.raises(UsageError, match='the list names .*nothing.mp4'):
        list_videos(videos, 'nothing.mp4')


def test_workers_do_not_matter(videos):
    data = VideoClipDataset(str(videos / 'a'), PACK, num_frames=3)
    sampler = EpochSampler(data, seed=3)

    def clip(workers, epoch):
        sampler.set_epoch(epoch)
        loader = DataLoader(
            data,
            1,
            sampler=sampler,
            collate_fn=collate_views,
            num_workers=workers,
            worker_init_fn=lambda i: worker_init_fn(i, workers, 0, i),
        )
        (batch,) = loader
        return batch['inputs'][0]

    assert torch.equal(clip(0, 0), clip(1, 0))
    assert any(not torch.equal(clip(0, 0), clip(0, e)) for e in (1, 2, 3))


def test_data_that_cannot_be_used(videos):
    with pytest.raises(UsageError, match='no data at'):
        VideoClipDataset(str(videos / 'nothing'), PACK)
    with pytest.raises(UsageError, match='no video with the 5 .*short has 2'):
        VideoClipDataset(str(videos / 'short'), PACK)
    (videos / 'empty').mkdir()
    with pytest.raises(UsageError, match='found: nothing; a video is'):
        VideoClipDataset(str(videos / 'empty'), PACK)
    with pytest.raises(ValueError, match='frame_gap must be >= 1, got 0'):
        VideoClipDataset(str(videos / 'a'), PACK, frame_gap=0)
    cv2.imwrite(str(videos / 'a/001.png'), np.zeros((9, 9, 3), np.uint8))
    data = VideoClipDataset(str(videos / 'a'), PACK, num_frames=6)
    with pytest.raises(DataError, match=r'a have several sizes .*\(9, 9\)'):
        data[0]
    (videos / 'a/001.png').write_text('no picture')
    with pytest.raises(DataError, match='001.png'):
        data[0]
