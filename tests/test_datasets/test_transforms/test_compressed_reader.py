# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Motion vectors against those of another extractor; files that are broken."""

import hashlib
import shutil
import time

import numpy as np
import pytest
from golden import ROOT
from small_videos import write_video

from mmssl.datasets.transforms import (
    CompressedReader,
    UnreadableVideo,
    UnsuitableVideo,
)
from mmssl.datasets.transforms import compressed_reader as module
from mmssl.datasets.transforms.motion_vectors import (
    dense_motion,
    median_motion,
)
from mmssl.datasets.transforms.video_readers import PyAVReader

CLIPS = {
    'mpeg4_p2_first72.mp4': 'mpeg4',
    'h264_first24.mp4': 'h264',
    'h264_bframes_first120.264': 'h264',
}


def moving_frames(count=14, size=(112, 144)):
    """A texture that moves by (3, 2) pixels a frame."""
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 255, (24, 30, 3), dtype=np.uint8)
    wide = cells.repeat(8, 0).repeat(8, 1)
    return np.stack(
        [
            wide[2 * i : 2 * i + size[0], 3 * i : 3 * i + size[1]]
            for i in range(count)
        ]
    )


@pytest.mark.parametrize('pixels', [True, False])
@pytest.mark.parametrize('name', CLIPS)
def test_every_vector_is_that_of_mv_extractor(name, pixels):
    g = dict(np.load(ROOT / f'cmd/ref_{name.rsplit(".")[0]}.npz'))
    with CompressedReader(str(ROOT / 'cmd' / name), pixels) as reader:
        count = reader.num_frames
        parts = reader.read_parts(vectors=range(count))
        assert reader.codec == CLIPS[name]
        assert reader.picture_types() == ''.join(g['frame_types'])
    assert ''.join(parts.types[i] for i in range(count)) == ''.join(
        g['frame_types']
    )
    rows = [len(parts.tables[i]) for i in range(count)]
    assert rows == g['rows_per_frame'].tolist()
    for i, digest in zip(
        g['given_frames'].tolist(), g['sha256_of_given'], strict=True
    ):
        np.testing.assert_array_equal(parts.tables[i], g[f'frame_{i}'])
        data = parts.tables[i].astype('<i4').tobytes()
        assert hashlib.sha256(data).hexdigest() == digest


def test_a_known_pan_comes_back_in_every_p_frame():
    g = dict(np.load(ROOT / 'cmd/pan_mpeg4.npz'))
    with CompressedReader(str(ROOT / 'cmd/pan_mpeg4.mp4')) as reader:
        parts = reader.read_parts(vectors=range(26))
        maps = [dense_motion(parts.tables[i], *reader.size) for i in range(26)]
    assert ''.join(parts.types.values()) == ''.join(g['frame_types'])
    for i in (1, 5, 13):
        np.testing.assert_array_equal(maps[i], g[f'dense_{i}'])
    expected = np.nan_to_num(g['median_interior_motion'])  # I-frames: 0
    np.testing.assert_array_equal(median_motion(maps, 24), expected)
    still = [kind == 'I' for kind in parts.types.values()]
    assert (median_motion(maps, 24)[~np.array(still)] == (3, -2)).all()


@pytest.mark.parametrize('name', CLIPS)
def test_a_few_frames_are_those_of_the_whole(name):
    path = str(ROOT / 'cmd' / name)
    with CompressedReader(path) as reader:
        whole = reader.read_parts(range(20), range(20))
        parts = reader.read_parts(vectors=[17, 3, 14], pictures=[14, 16])
    assert sorted(parts.types) == [3, 14, 16, 17]
    assert sorted(parts.tables) == [3, 14, 17]
    assert sorted(parts.pictures) == [14, 16]
    for i, table in parts.tables.items():
        np.testing.assert_array_equal(table, whole.tables[i])
    for i, picture in parts.pictures.items():
        np.testing.assert_array_equal(picture, whole.pictures[i])
    with PyAVReader(path) as reader:  # the plain one sees the same pictures
        np.testing.assert_array_equal(
            reader.read([14, 16]), list(parts.pictures.values())
        )


@pytest.mark.parametrize('threads', ['NONE', 'SLICE', 'FRAME', 'AUTO'])
def test_threads_do_not_change_vectors(threads, monkeypatch):
    path = str(ROOT / 'cmd/h264_first24.mp4')
    with CompressedReader(path) as reader:
        expected = reader.read_parts(vectors=range(6)).tables
    with CompressedReader(path) as reader:
        context = reader._stream.codec_context
        context.thread_type, context.thread_count = threads, 2
        found = reader.read_parts(vectors=range(6)).tables
    for i, table in expected.items():
        np.testing.assert_array_equal(found[i], table)


@pytest.mark.parametrize(
    ('codec', 'ending'),
    [
        ('mpeg4', 'mp4'), ('libx264', 'mp4'), ('mpeg2video', 'mkv'),
        ('mpeg1video', 'mkv'), ('flv', 'flv'), ('msmpeg4', 'avi'),
    ],
)  # fmt: skip
def test_codecs_that_are_let_through_export_vectors(codec, ending, tmp_path):
    path = write_video(tmp_path / f'a.{ending}', moving_frames(), codec=codec)
    with CompressedReader(str(path)) as reader:
        assert reader.codec in module.EXPORTING
        parts = reader.read_parts(vectors=range(reader.num_frames))
    rows = [len(parts.tables[i]) for i in range(14)]
    moving = [parts.types[i] != 'I' for i in range(14)]
    # FFmpeg gives the last picture of MPEG-1 and 2 without its vectors.
    last = 13 if codec.startswith('mpeg') and ending == 'mkv' else 14
    assert [n > 40 for n in rows[:last]] == moving[:last]


@pytest.mark.parametrize(
    ('codec', 'name'), [('libx265', 'hevc'), ('libvpx-vp9', 'vp9')]
)
def test_codecs_without_vectors_are_refused_by_name_and_mended(
    codec, name, tmp_path, run_command
):
    path = write_video(tmp_path / 'a b.mkv', moving_frames(), codec=codec)
    with pytest.raises(UnsuitableVideo) as error:
        CompressedReader(str(path))
    assert f'a b.mkv: codec {name} exports no motion' in str(error.value)
    run_command(error.value)
    with CompressedReader(str(tmp_path / 'a b_gop12.mp4')) as reader:
        assert reader.picture_types() == 'I' + 11 * 'P' + 'IP'


def test_turned_pictures_are_refused_and_mended(tmp_path, run_command):
    path = write_video(tmp_path / 'a.mp4', moving_frames(), rotation=90)
    with (
        CompressedReader(str(path)) as reader,
        pytest.raises(UnsuitableVideo, match='players turn it') as error,
    ):
        reader.read_parts(vectors=[3])
    run_command(error.value)
    with CompressedReader(str(tmp_path / 'a_gop12.mp4')) as reader:
        assert reader.size == (144, 112)
        assert len(reader.read_parts(vectors=[3]).tables[3])


@pytest.mark.parametrize('ending', ['avi', 'mp4'])
def test_a_file_that_is_cut_off_says_so(ending, tmp_path):
    path = write_video(tmp_path / f'a.{ending}', moving_frames())
    data = path.read_bytes()
    for share in (0.5, 0.9):
        path.write_bytes(data[: int(share * len(data))])
        with pytest.raises(UnreadableVideo, match='cut off, .* fetch it agai'):
            CompressedReader(str(path))
    path.write_bytes(data)
    with CompressedReader(str(path)) as reader:
        assert reader.num_frames == 14


def test_what_is_left_of_a_file_can_be_encoded(tmp_path, run_command):
    path = write_video(tmp_path / 'a.avi', moving_frames())
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(UnreadableVideo, match='bytes are missing') as error:
        CompressedReader(str(path))
    run_command(error.value)
    with CompressedReader(str(tmp_path / 'a_gop12.mp4')) as reader:
        assert 5 < reader.num_frames < 14


def test_a_raw_stream_that_is_cut_off_names_its_broken_frame(tmp_path):
    data = (ROOT / 'cmd/h264_bframes_first120.264').read_bytes()
    path = tmp_path / 'a.264'
    path.write_bytes(data[: len(data) // 2])
    with (
        CompressedReader(str(path)) as reader,
        pytest.raises(UnreadableVideo, match='frame 4. of 46 is broken'),
    ):
        reader.picture_types()


def test_frames_beyond_the_end_and_pictures_without_pixels_are_refused():
    path = str(ROOT / 'cmd/pan_mpeg4.mp4')
    with CompressedReader(path, pixels=False) as reader:
        with pytest.raises(UnreadableVideo, match='frame 26 is asked for'):
            reader.read_parts(vectors=[26])
        with pytest.raises(ValueError, match='pixels=False reads no pictu'):
            reader.read_parts(pictures=[2])
    with pytest.raises(UnreadableVideo, match='no such file'):
        CompressedReader('nowhere.mp4')


def test_numbers_hold_where_frames_come_out_of_order(tmp_path):
    path = write_video(
        tmp_path / 'a.mkv', moving_frames(30), codec='libx264',
        max_b_frames=2,
    )  # fmt: skip
    with CompressedReader(str(path)) as reader:
        types = reader.picture_types()
        parts = reader.read_parts(vectors=[20, 21, 22], pictures=[21])
    assert 'B' in types
    assert all(types[i] == kind for i, kind in parts.types.items())
    with PyAVReader(str(path)) as reader:
        expected = reader.read([21])[0]
    np.testing.assert_array_equal(parts.pictures[21], expected)


def test_a_raw_stream_under_a_containers_name_is_counted(tmp_path):
    path = tmp_path / 'a.mp4'
    shutil.copy(ROOT / 'cmd/h264_bframes_first120.264', path)
    with PyAVReader(str(path)) as reader:
        assert reader.num_frames == 120
        assert reader.read([3, 50]).shape == (2, 360, 640, 3)


def test_vectors_come_at_500_frames_of_a_cores_second(tmp_path):
    """The paper's figure; measured are several thousand."""
    frames = np.tile(moving_frames(1, (120, 160)), (48, 2, 2, 1))
    path = write_video(tmp_path / 'a.mp4', frames)

    def rate():
        begin = time.process_time()
        with CompressedReader(str(path), pixels=False) as reader:
            reader.read_parts(vectors=range(48))
        return 48 / (time.process_time() - begin)

    assert max(rate() for _ in range(3)) > 500
