# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The index, the data set on top of it, and files of motion vectors."""

import json
import os

import numpy as np
import pytest
from golden import ROOT
from small_videos import numbered_frames, write_video

from mmssl.datasets import (
    DataError,
    StaleIndex,
    VideoIndex,
    compressed_videos,
)
from mmssl.datasets.motion_files import extract_motion, read_motion
from mmssl.datasets.transforms import UnreadableVideo
from mmssl.datasets.video_index import INDEX_NAME, read_entry
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

PIPELINE = [
    dict(
        type='CompressedClipSample', clip_len=3, stride=2, interval=1,
        future_len=2, neg_num=1,
    ),
    dict(type='PyAVCompressedDecode'),
    dict(type='CompressedViews', view=dict(size=16)),
]  # fmt: skip


@pytest.fixture
def videos(tmp_path):
    """Two that serve, one too short, one without motion vectors."""
    root = tmp_path / 'videos'
    (root / 'run').mkdir(parents=True)
    write_video(root / 'run/a.mp4', numbered_frames(16))
    write_video(root / 'run/b.mp4', numbered_frames(20))
    write_video(root / 'short.mp4', numbered_frames(7))
    write_video(root / 'vp9.webm', numbered_frames(16), codec='libvpx-vp9')
    return root


NAMES = ['run/a.mp4', 'run/b.mp4', 'short.mp4', 'vp9.webm']


@pytest.fixture
def index(videos):
    index = VideoIndex.build(videos, NAMES)
    index.write(videos / INDEX_NAME)
    return index


def build(root, **kwargs):
    return DATASETS.build(
        dict(
            type='CompressedVideoDataset', data_root=str(root),
            pipeline=PIPELINE, **kwargs,
        )
    )  # fmt: skip


@pytest.fixture
def warnings(monkeypatch):
    texts = []
    monkeypatch.setattr(
        compressed_videos, 'print_log', lambda text, **_: texts.append(text)
    )
    return texts


def test_an_index_says_what_a_decode_finds_and_reads_back(videos, index):
    entry = index.entry('run/b.mp4')
    assert entry.codec == 'mpeg4' and (entry.height, entry.width) == (48, 64)
    assert entry.types == 'IPPPPPIPPPPPIPPPPPIP'
    assert list(index.unreadable) == ['vp9.webm']
    again = VideoIndex.read(videos / INDEX_NAME)
    assert again.entries == index.entries
    assert again.unreadable == index.unreadable
    with pytest.raises(UnreadableVideo, match='codec vp9 exports no motion'):
        again.entry('vp9.webm')


def test_only_new_and_changed_videos_are_looked_at_again(
    videos, index, monkeypatch
):
    from mmssl.datasets import video_index

    seen = []
    monkeypatch.setattr(
        video_index, 'read_entry', lambda p: seen.append(p) or read_entry(p)
    )
    os.utime(videos / 'run/b.mp4', ns=(5, 5))
    found = VideoIndex.build(videos, NAMES[:3], known=index)
    assert seen == [videos / 'run/b.mp4']
    assert found.entry('run/b.mp4').modified == 5


def test_a_file_that_is_not_that_of_the_index_is_refused(videos, index):
    write_video(videos / 'run/b.mp4', numbered_frames(22))
    with pytest.raises(StaleIndex, match='is newer than its entry') as error:
        build(videos, index=INDEX_NAME)
    assert f'index_videos.py {videos}' in str(error.value)
    (videos / 'run/b.mp4').unlink()
    with pytest.raises(StaleIndex, match='run/b.mp4'):
        index.entry('run/b.mp4')


def test_an_index_that_is_absent_broken_or_foreign_is_named(videos, index):
    with pytest.raises(UsageError, match=r'no index .*other.json; make it:'):
        VideoIndex.read(videos / 'other.json')
    with pytest.raises(UsageError, match='does not know run/c.mp4'):
        index.entry('run/c.mp4')
    path = videos / INDEX_NAME
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | dict(format=7)))
    with pytest.raises(UsageError, match='has format 7, this program reads'):
        VideoIndex.read(path)
    path.write_text('[]')
    with pytest.raises(UsageError, match='is no index of videos'):
        VideoIndex.read(path)


def test_videos_that_do_not_serve_are_left_out_with_a_warning(
    videos, index, warnings
):
    dataset = build(videos, index=INDEX_NAME)
    assert len(dataset) == 2 and dataset.min_frames == 8
    (text,) = warnings
    assert '2 of 4 videos are left out' in text
    assert 'short.mp4 has 7 frames of the 8 needed' in text
    assert 'codec vp9' in text
    clip, still, future, other = dataset[1]['inputs']
    assert clip.shape == (3, 3, 16, 16) and still.shape == (3, 1, 16, 16)
    assert future.shape == other.shape == (2, 2, 16, 16)
    assert len(build(videos, index=INDEX_NAME, exclude=['a.mp4'])) == 1


def test_without_an_index_they_are_replaced_when_met(videos):
    dataset = build(videos, max_bad_share=0.5)
    samples = [dataset[i]['data_samples'].sample_idx for i in range(4)]
    assert samples == [0, 1, 0, 0]
    assert [name.rpartition('/')[2] for name in dataset.bad] == [
        'short.mp4',
        'vp9.webm',
    ]
    strict = build(videos)
    with pytest.raises(DataError, match=r'are unreadable.*too few'):
        strict[2]


def test_equal_keys_give_equal_samples(videos):
    from mmssl.datasets import SampleIndex

    dataset = build(videos)
    first, second = (
        dataset[SampleIndex(1, (0, 3, 1))]['inputs'] for _ in range(2)
    )
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_nothing_that_serves_is_an_error(videos, index):
    (videos / 'run/a.mp4').unlink()
    (videos / 'run/b.mp4').unlink()
    with pytest.raises(UsageError, match='none of 2 videos can be used'):
        build(videos, index=INDEX_NAME)


def test_motion_comes_from_the_files_that_were_encoded_anew(videos, tmp_path):
    anew = tmp_path / 'anew'
    anew.mkdir()
    long = np.zeros((18, 48, 64, 3), np.uint8)
    write_video(anew / 'short.mp4', long)
    (anew / 'run').mkdir()
    write_video(anew / 'run/a.mp4', long)
    (videos / 'list.txt').write_text('run/a.mp4 4\n')
    dataset = build(videos, ann_file='list.txt', motion_root=str(anew))
    results = dataset.read(0)
    assert results['motion_path'] == str(anew / 'run/a.mp4')
    assert results['num_frames'] == 16 and len(results['types']) == 18
    assert results['label'] == 4


def test_made_up_pans_are_read_like_videos():
    dataset = DATASETS.build(
        dict(
            type='TexturedPans', pipeline=PIPELINE, num_videos=3, frames=14,
            size=64, speed=4.0,
        )
    )  # fmt: skip
    assert len(dataset) == 3
    inputs = dataset[2]['inputs']
    assert inputs[2].abs().mean() > 0.05
    assert dataset.read(0)['types'] == 'IPPPPPPPPPPPIP'


@pytest.mark.parametrize('form', ['table', 'dense'])
def test_files_of_vectors_hold_what_the_reference_says(form, tmp_path):
    g = np.load(ROOT / 'cmd/ref_h264_first24.npz')
    source, target = ROOT / 'cmd/h264_first24.mp4', tmp_path / 'o/a.npz'
    assert extract_motion(source, target, form) == 24
    assert extract_motion(source, target, form) == 0
    content = read_motion(target)
    assert content['header']['codec'] == 'h264'
    assert (content['frame_types'] == g['frame_types']).all()
    if form == 'table':
        rows = content['offsets']
        assert np.diff(rows).tolist() == g['rows_per_frame'].tolist()
        for i in g['given_frames'].tolist():
            np.testing.assert_array_equal(
                content['mvs'][rows[i] : rows[i + 1]], g[f'frame_{i}']
            )
    else:
        assert content['motion'].shape == (24, 720, 1280, 2)
        assert content['motion'][5].any() and not content['motion'][0].any()
    with pytest.raises(ValueError, match="form must be one of .* 'flow'"):
        extract_motion(source, target, 'flow')


def test_files_of_another_source_form_or_kind_are_made_anew(tmp_path, videos):
    target = tmp_path / 'a.npz'
    target.write_bytes(b'PK broken')
    assert extract_motion(videos / 'run/a.mp4', target) == 16
    assert extract_motion(videos / 'run/b.mp4', target) == 20
    assert extract_motion(videos / 'run/b.mp4', target, 'dense') == 20
    target.write_bytes(b'PK broken')
    with pytest.raises(UsageError, match='holds no motion vectors'):
        read_motion(target)
    np.savez(target, header=json.dumps(dict(format=9)))
    with pytest.raises(UsageError, match='has format 9, this program'):
        read_motion(target)
