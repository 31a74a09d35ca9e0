# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Chosen frames of real files, and what is said of broken ones."""

import sys
from types import ModuleType, SimpleNamespace

import av
import cv2
import numpy as np
import pytest
import torch
from small_videos import number_of, numbered_frames, write_sound, write_video

from mmssl.datasets.transforms import video_readers
from mmssl.datasets.transforms.video_readers import (
    READERS,
    FrameFolderReader,
    OpenCVReader,
    PyAVReader,
    UnreadableVideo,
    check_backend,
    scaled_size,
)

COUNT = 40
CODECS = dict(
    mpeg4_avi=('a.avi', dict(codec='mpeg4')),
    mpeg4_bframes_avi=('a.avi', dict(codec='mpeg4', max_b_frames=2)),
    mpeg4_mp4=('a.mp4', dict(codec='mpeg4', max_b_frames=2)),
    h264_mp4=('a.mp4', dict(codec='libx264', max_b_frames=2)),
    h264_mkv=('a.mkv', dict(codec='libx264')),
    vp9_webm=('a.webm', dict(codec='libvpx-vp9')),
    bare_mpeg4=('a.m4v', dict(codec='mpeg4')),
    bare_h264=('a.h264', dict(codec='libx264', max_b_frames=2)),
)
OURS = pytest.mark.parametrize('reader', [PyAVReader, OpenCVReader])


def decoded(path):
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return np.stack([f.to_ndarray(format='rgb24') for f in frames])


@pytest.mark.parametrize('name', CODECS)
def test_chosen_frames_are_those_of_decoding_everything(name, tmp_path):
    file, settings = CODECS[name]
    path = write_video(tmp_path / file, numbered_frames(COUNT), **settings)
    every = decoded(path)
    assert [number_of(frame) for frame in every] == list(range(COUNT))
    rng = np.random.default_rng(0)
    for chosen in ([0], [COUNT - 1], [3, 3, 1], rng.integers(0, COUNT, 12)):
        with PyAVReader(str(path)) as reader:
            assert reader.num_frames == COUNT
            # A bare H.264 stream has no rate: FFmpeg takes it for 25.
            rate = 25 if name == 'bare_h264' else 30
            assert reader.fps == pytest.approx(rate, rel=1e-3)
            assert (reader.read(chosen) == every[chosen]).all()
            assert (reader.read(chosen[::-1]) == every[chosen[::-1]]).all()


def test_seeking_decodes_a_part_only(tmp_path, monkeypatch):
    path = write_video(tmp_path / 'a.avi', numbered_frames(COUNT))
    with PyAVReader(str(path)) as reader:
        pictures = []
        original = reader._picture
        reader._picture = lambda *a: pictures.append(1) or original(*a)
        starts = []
        seek = reader._decode_from
        reader._decode_from = lambda s: starts.append(s) or seek(s)
        reader.read([31, 30, 33, 31, 2])
        assert len(pictures) == 4  # every frame once
        assert starts == [0, 30]


@OURS
def test_the_shorter_side_is_scaled(reader, tmp_path):
    path = write_video(tmp_path / 'a.mp4', numbered_frames(9, (48, 64)))
    with reader(str(path)) as video:
        frames = video.read([0, 5], short_side=24)
    assert frames.shape == (2, 24, 32, 3)
    assert [number_of(frame) for frame in frames] == [0, 5]
    assert scaled_size(64, 50, 20) == (25, 20)
    assert scaled_size(50, 64, None) == (50, 64)


@OURS
def test_opencv_and_pyav_agree(reader, tmp_path):
    path = write_video(tmp_path / 'a.mp4', numbered_frames(COUNT))
    with reader(str(path)) as video:
        frames = video.read([7, 30, 8])
        assert video.num_frames == COUNT
    assert [number_of(frame) for frame in frames] == [7, 30, 8]


@OURS
def test_a_rotated_portrait_video_stands_upright(reader, tmp_path):
    frames = numbered_frames(9, (48, 64))
    frames[:, :, :8] = 255  # a bar on the left of what the sensor saw
    path = write_video(
        tmp_path / 'a.mp4', frames, codec='libx264', rotation=90
    )
    with reader(str(path)) as video:
        picture = video.read([0])[0]
    assert picture.shape == (64, 48, 3)
    bars = dict(
        top=picture[:6].mean(), bottom=picture[-6:].mean(),
        middle=picture[20:40].mean(),
    )  # fmt: skip
    # counter-clockwise: what was left is at the bottom
    assert bars['bottom'] > 200 > bars['top'], bars


def test_a_variable_rate_counts_every_frame_once(tmp_path):
    times = np.cumsum([0, *([1, 5, 2] * 13)]).tolist()
    path = write_video(tmp_path / 'a.mkv', numbered_frames(COUNT), times=times)
    with PyAVReader(str(path)) as reader:
        assert reader.num_frames == COUNT
        frames = reader.read(range(COUNT))
    assert [number_of(frame) for frame in frames] == list(range(COUNT))


def test_frames_that_the_header_claims_and_the_file_lacks(tmp_path):
    times = [i for i in range(48) if i % 6 != 3]  # AVI counts empty places
    path = write_video(
        tmp_path / 'a.avi', numbered_frames(len(times)), times=times
    )
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 48
    with PyAVReader(str(path)) as reader:
        assert reader.num_frames == len(times)
        assert reader.fps == pytest.approx(30 * 40 / 48, rel=0.02)
        assert number_of(reader.read([39])[0]) == 39


def test_a_frame_that_cannot_be_decoded_is_named(tmp_path):
    path = write_video(tmp_path / 'a.avi', numbered_frames(COUNT))
    with PyAVReader(str(path)) as reader:
        reader.num_frames += 5
        stamps = reader.index.stamps
        longer = np.append(stamps, stamps[-1] + 1 + np.arange(5))
        reader.index = reader.index._replace(stamps=longer)
        with pytest.raises(
            UnreadableVideo, match=r'a.avi: frame 43 of the 45 in the cont'
        ):
            reader.read([3, 43])


def test_opencv_says_where_the_file_ends_too_early(tmp_path):
    path = write_video(tmp_path / 'a.avi', numbered_frames(COUNT))
    with OpenCVReader(str(path)) as reader:
        reader.num_frames = 45
        with pytest.raises(UnreadableVideo, match='frame 40 of the 45'):
            reader.read([44])


@OURS
@pytest.mark.parametrize('kind', ['absent', 'text', 'empty', 'half'])
def test_a_broken_file_is_named(reader, kind, tmp_path):
    path = tmp_path / 'broken.mp4'
    if kind == 'text':
        path.write_text('this is no video')
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'half':
        whole = write_video(tmp_path / 'whole.mp4', numbered_frames(9))
        path.write_bytes(whole.read_bytes()[:900])
    with pytest.raises(UnreadableVideo, match=r'broken\.mp4: '):
        reader(str(path))


def test_a_file_of_sound_alone_is_named(tmp_path):
    path = write_sound(tmp_path / 'sound.mp4')
    with pytest.raises(
        UnreadableVideo, match=r'sound\.mp4: there is no video in it'
    ):
        PyAVReader(str(path))


def test_a_video_without_frames_is_named(tmp_path):
    path = tmp_path / 'none.avi'
    write_video(path, numbered_frames(0))
    with pytest.raises(UnreadableVideo, match=r'none\.avi: '):
        PyAVReader(str(path))
    path = tmp_path / 'none.mkv'
    write_video(path, numbered_frames(0))
    with pytest.raises(UnreadableVideo, match=r'none\.mkv: '):
        PyAVReader(str(path))


def test_an_unknown_or_absent_back_end_is_refused(monkeypatch):
    assert check_backend('pyav') == 'pyav'
    with pytest.raises(ValueError, match="backend must be one of .* 'vlc'"):
        check_backend('vlc')
    monkeypatch.setattr(video_readers, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='not installed: pip install decord'):
        check_backend('decord')
    assert set(READERS) == {'pyav', 'opencv', 'decord', 'torchcodec'}


class Failure(Exception):
    pass


def fake_decord(frames):
    module = ModuleType('decord')
    module.DECORDError = Failure

    class Reader:
        def __init__(self, path, num_threads):
            if frames is None:
                raise Failure('bad file')
            self.frames = frames

        def __len__(self):
            return len(self.frames)

        def get_avg_fps(self):
            return 25.0

        def get_batch(self, indices):
            if max(indices) >= len(self.frames):
                raise Failure('beyond')
            picked = self.frames[indices]
            return SimpleNamespace(asnumpy=lambda: picked)

    module.VideoReader = Reader
    return dict(decord=module)


def fake_torchcodec(frames):
    module = ModuleType('torchcodec.decoders')

    class Decoder:
        def __init__(self, path, dimension_order, num_ffmpeg_threads):
            assert dimension_order == 'NHWC'
            if frames is None:
                raise RuntimeError('bad file')
            self.metadata = SimpleNamespace(
                num_frames=len(frames), average_fps=25.0
            )

        def get_frames_at(self, indices):
            if max(indices) >= len(frames):
                raise IndexError('beyond')
            return SimpleNamespace(data=torch.from_numpy(frames[indices]))

    module.VideoDecoder = Decoder
    return {
        'torchcodec': ModuleType('torchcodec'),
        'torchcodec.decoders': module,
    }


@pytest.mark.parametrize(
    'name, fake', [('decord', fake_decord), ('torchcodec', fake_torchcodec)]
)
def test_adapters_of_other_decoders(name, fake, tmp_path, monkeypatch):
    path = tmp_path / 'a.mp4'
    path.write_bytes(b'-')

    def install(frames):
        for key, module in fake(frames).items():
            monkeypatch.setitem(sys.modules, key, module)

    install(numbered_frames(10))
    with READERS[name](str(path)) as reader:
        assert (reader.num_frames, reader.fps) == (10, 25.0)
        frames = reader.read([4, 2, 4], short_side=24)
        assert [number_of(frame) for frame in frames] == [4, 2, 4]
        assert frames.shape == (3, 24, 32, 3)
        with pytest.raises(UnreadableVideo, match='a.mp4: decoding failed'):
            reader.read([10])
    install(numbered_frames(0))
    with pytest.raises(UnreadableVideo, match=r'a\.mp4: it holds no frames'):
        READERS[name](str(path))
    install(None)
    with pytest.raises(UnreadableVideo, match=f'{name} cannot open it'):
        READERS[name](str(path))


def test_a_folder_of_pictures_is_read_by_number(tmp_path):
    for i, frame in enumerate(numbered_frames(5)):
        cv2.imwrite(str(tmp_path / f'img_{i + 1:05}.png'), frame)
    template = 'img_{:05}.png'
    with FrameFolderReader(str(tmp_path), 5, template) as reader:
        frames = reader.read([3, 0])
    assert [number_of(frame) for frame in frames] == [3, 0]
    with (
        FrameFolderReader(str(tmp_path), 9, template) as reader,
        pytest.raises(UnreadableVideo, match='img_00007.png is absent'),
    ):
        reader.read([6])
    with pytest.raises(UnreadableVideo, match='it holds no frames'):
        FrameFolderReader(str(tmp_path), 0)
