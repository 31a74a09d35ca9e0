# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Lists of labelled videos for mmaction2's recognisers."""

import collections
import pickle

import av
import pytest
from small_videos import (
    number_of,
    numbered_frames,
    write_sound,
    write_video,
)

from mmssl.datasets import ActionVideoDataset, CharadesVideoDataset
from mmssl.datasets.transforms import UnreadableVideo
from mmssl.utils.errors import UsageError


@pytest.fixture
def listed(tmp_path):
    lines = [f'a{i}.mp4 {i % 3}' for i in range(12)]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))
    return tmp_path


def labels_of(dataset):
    return [
        dataset.get_data_info(i)['label'] for i in range(len(dataset))
    ]  # fmt: skip


def test_low_shot_keeps_equally_many_of_each_class(listed):
    settings = dict(data_root=str(listed), num_classes=3, per_class=2)
    chosen = ActionVideoDataset('list.txt', [], **settings)
    assert collections.Counter(labels_of(chosen)) == {0: 2, 1: 2, 2: 2}
    names = [e['filename'] for e in map(chosen.get_data_info, range(6))]
    again = ActionVideoDataset('list.txt', [], **settings)
    other = ActionVideoDataset('list.txt', [], subset_seed=1, **settings)
    assert names == [e['filename'] for e in map(again.get_data_info, range(6))]
    assert names != [e['filename'] for e in map(other.get_data_info, range(6))]
    with pytest.raises(UsageError, match=r'list\.txt has 4 videos of class 0'):
        ActionVideoDataset(
            'list.txt', [], data_root=str(listed), per_class=5
        )  # fmt: skip


def test_names_of_classes_and_travel_to_workers(tmp_path):
    (tmp_path / 'a.csv').write_text('path,label,class\nx.avi,0,run\n')
    dataset = ActionVideoDataset('a.csv', [], data_root=str(tmp_path))
    assert dataset.metainfo['classes'] == ('run',)
    assert len(pickle.loads(pickle.dumps(dataset))) == 1


@pytest.mark.parametrize(
    'text, message',
    [
        ('x.mp4 0\ny.mp4', r'list\.txt has lines with a label and lines wit'),
        ('x.mp4\n', r'list\.txt has lines without label'),
        ('x.mp4 5', r'list\.txt gives x\.mp4 the label 5, but there are 3'),
    ],
)
def test_lines_without_label_or_beyond_the_classes_are_refused(
    text, message, tmp_path
):
    (tmp_path / 'list.txt').write_text(text)
    with pytest.raises(UsageError, match=message):
        ActionVideoDataset(
            'list.txt', [], data_root=str(tmp_path), num_classes=3
        )


def recognised(path, **settings):
    """A video as mmaction2's recognisers read it."""
    (path.parent / 'list.txt').write_text(f'{path.name} 0\n')
    step = dict(
        type='mmssl.DecodeClips', num_clips=1, clip_len=4, frame_interval=2,
        target_fps=None, sampling='uniform', short_side=None,
    ) | settings  # fmt: skip
    dataset = ActionVideoDataset(
        'list.txt', [step], data_root=str(path.parent)
    )  # fmt: skip
    return dataset[0]


@pytest.mark.parametrize(
    'name, write, reason',
    [
        ('gone.mp4', lambda path: None, 'no such file'),
        ('text.mp4', lambda path: path.write_text('text'), 'cannot open it'),
        ('empty.avi', lambda path: path.write_bytes(b''), 'cannot open it'),
        ('sound.mp4', write_sound, 'no video in it'),
        ('one.mp4', lambda path: write_video(path, numbered_frames(1)),
         'too short, 1 frame'),
    ],
)  # fmt: skip
def test_a_video_that_cannot_be_used_is_named(name, write, reason, tmp_path):
    write(tmp_path / name)
    with pytest.raises(UnreadableVideo, match=rf'{name}.*{reason}'):
        recognised(tmp_path / name)


def test_a_container_without_a_single_frame_is_named(tmp_path):
    path = tmp_path / 'none.mkv'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        container.start_encoding()
    with pytest.raises(UnreadableVideo, match=r'none\.mkv'):
        recognised(path)


def test_one_frame_is_enough_where_it_is_said(tmp_path):
    path = write_video(tmp_path / 'one.mp4', numbered_frames(1))
    results = recognised(path, min_frames=1)
    assert [number_of(frame) for frame in results['imgs']] == [0] * 4


def test_frames_that_only_the_header_claims_are_not_asked_for(tmp_path):
    path = write_video(tmp_path / 'a.avi', numbered_frames(8))
    data = path.read_bytes()
    place = data.index(b'vids') + 32  # dwLength of the stream's header
    path.write_bytes(data[:place] + b'\x30\0\0\0' + data[place + 4 :])
    results = recognised(path, frame_interval=8)
    assert results['total_frames'] == 8
    assert [number_of(f) for f in results['imgs']] == (
        results['frame_inds'].tolist()
    )


def test_at_a_variable_rate_every_frame_counts_once(tmp_path):
    times = [0, 1, 2, 6, 7, 12, 13, 20]
    path = write_video(tmp_path / 'a.mkv', numbered_frames(8), times=times)
    results = recognised(path)
    assert results['total_frames'] == 8
    assert [number_of(f) for f in results['imgs']] == (
        results['frame_inds'].tolist()
    )


def test_a_portrait_video_stands_upright(tmp_path):
    path = write_video(
        tmp_path / 'a.mp4', numbered_frames(8, (48, 64)), rotation=90
    )
    results = recognised(path)
    assert results['img_shape'] == (64, 48)
    assert results['imgs'][0].shape == (64, 48, 3)


def test_charades_actions_have_their_times(tmp_path):
    table = tmp_path / 'Charades_v1_train.csv'
    table.write_text(
        'id,scene,actions,length\n'
        'AB,Home,c002 1.50 3;c004 0.00 12.60,20\nCD,Home,,30\n'
    )
    dataset = CharadesVideoDataset(
        table.name, [], data_root=str(tmp_path), num_classes=5
    )
    first, second = map(dataset.get_data_info, range(2))
    assert first['filename'] == str(tmp_path / 'videos/AB.mp4')
    assert first['actions'] == [(2, 1.5, 3.0), (4, 0.0, 12.6)]
    assert second['actions'] == []


@pytest.mark.parametrize(
    'text, message',
    [
        ('id,length\nAB,3', r"train\.csv needs a header .*'actions'"),
        ('id,actions\nAB,c009 1 2', r'line 2: AB has the action .*below 5'),
        ('id,actions\nAB,\nCD,run 1 2', r"line 3: CD has the action 'run 1"),
        ('id,actions\n', r'train\.csv names no video'),
    ],
)
def test_wrong_tables_of_charades_are_named(text, message, tmp_path):
    (tmp_path / 'train.csv').write_text(text)
    with pytest.raises(UsageError, match=message):
        CharadesVideoDataset(
            'train.csv', [], data_root=str(tmp_path), num_classes=5
        )
