# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import shutil

import cv2
import numpy as np
import pytest
import torch
from small_videos import numbered_frames, write_sound, write_video

from mmssl.datasets import (
    ActionClips,
    ActionVideoDataset,
    DataError,
    VideoFolder,
    VideoList,
    collate_views,
    overlap_share,
    read_video_list,
)
from mmssl.utils.errors import UsageError

VIEW = dict(size=16, flip_prob=0.0)
CLIPS = dict(clip_len=4, frame_interval=2, short_side=24)
SETTINGS = dict(views=[dict(VIEW, num=2)], clips=CLIPS)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two classes of two videos."""
    root = tmp_path_factory.mktemp('videos')
    for name in ('clap/a.avi', 'clap/b.mp4', 'wave/c.avi', 'wave/d.mkv'):
        (root / name).parent.mkdir(exist_ok=True)
        write_video(root / name, numbered_frames(24))
    (root / 'wave/notes.txt').write_text('no video')
    return root


def names(dataset):
    return [
        dataset.source.name(i).rsplit('/', 1)[1] for i in range(len(dataset))
    ]


def test_a_plain_folder_needs_no_labels(folder):
    dataset = VideoFolder(str(folder), **SETTINGS)
    assert names(dataset) == ['a.avi', 'b.mp4', 'c.avi', 'd.mkv']
    sample = dataset[0]
    assert [tuple(v.shape) for v in sample['inputs']] == [(3, 4, 16, 16)] * 2
    assert sample['inputs'][0].dtype == torch.uint8
    facts = sample['data_samples']
    assert 'label' not in facts
    assert facts.clip_frames.shape == (2, 4) and facts.num_frames == 24


def test_class_folders_are_labels(folder):
    dataset = VideoFolder(str(folder), with_label=True, **SETTINGS)
    assert dataset.labels.tolist() == [0, 0, 1, 1]
    assert dataset.metainfo['classes'] == ('clap', 'wave')
    assert dataset[2]['data_samples'].label == 1


def test_batches_of_clips_stack(folder):
    dataset = VideoFolder(str(folder), **SETTINGS)
    batch = collate_views([dataset[0], dataset[1]])
    assert [tuple(v.shape) for v in batch['inputs']] == [(2, 3, 4, 16, 16)] * 2


def test_one_clip_gives_several_crops_and_four_clips_one_each(folder):
    one = dict(SETTINGS, clips=dict(CLIPS, num_clips=1))
    sample = VideoFolder(str(folder), **one)[0]
    assert len(sample['inputs']) == 2
    assert not torch.equal(*sample['inputs'])
    four = dict(
        views=[dict(VIEW, num=4)], clips=dict(CLIPS, num_clips=4)
    )  # fmt: skip
    assert len(VideoFolder(str(folder), **four)[0]['inputs']) == 4
    with pytest.raises(ValueError, match='2 views cannot be cut evenly fro'):
        VideoFolder(
            str(folder), views=[dict(VIEW, num=2)],
            clips=dict(CLIPS, num_clips=3),
        )[0]  # fmt: skip


@pytest.mark.parametrize(
    'text, labels',
    [
        ('clap/a.avi 1\nwave/c.avi 0\n', [1, 0]),
        ('# a comment\nclap/a.avi\twave/c.avi 0\nclap/b.mp4 1', [0, 1]),
        ('clap/a.avi\nwave/c.avi\n', None),
    ],
)
def test_lists_are_lines_of_path_and_perhaps_label(text, labels, tmp_path):
    (tmp_path / 'list.txt').write_text(text)
    found = read_video_list(tmp_path / 'list.txt')
    assert found[1] == labels and len(found[0]) == 2


def test_lists_may_be_tables(folder, tmp_path):
    table = folder / 'train.csv'
    table.write_text(
        'path,label,class,frames\nwave/c.avi,1,wave,24\nclap/a.avi,0,clap,24'
    )
    dataset = VideoList('train.csv', str(folder), with_label=True, **SETTINGS)
    table.unlink()
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.metainfo['classes'] == ('clap', 'wave')
    assert names(dataset) == ['c.avi', 'a.avi']


@pytest.mark.parametrize(
    'file, text, settings, message',
    [
        ('a.txt', 'x.avi\ny.avi', dict(with_label=True),
         r"a\.txt has lines without label, such as 'x\.avi'"),
        ('a.txt', 'x.avi 0\ny.avi', {},
         r"a\.txt has lines with a label and lines without, .* 'y\.avi'"),
        ('a.txt', 'x.avi 0\ny.avi 7', dict(num_classes=5),
         r'a\.txt gives y\.avi the label 7, but there are 5 classes'),
        ('a.txt', '\n', {}, r'a\.txt names no video'),
        ('a.csv', 'file,label\nx.avi,0', {}, r"a\.csv needs a header .*'path"),
        ('a.csv', 'path,label\nx.avi,0\ny.avi,', {},
         r"a\.csv, line 3: y\.avi has the label '', which is no number"),
        ('a.csv', 'path,label\nx.avi,-1', dict(num_classes=2),
         r'a\.csv gives x\.avi the label -1'),
    ],
)  # fmt: skip
def test_wrong_lines_are_named(file, text, settings, message, tmp_path):
    (tmp_path / file).write_text(text)
    with pytest.raises(UsageError, match=message):
        read_video_list(tmp_path / file, **settings)


def test_the_checks_hold_for_what_mmaction2_reads(folder, tmp_path):
    shutil.copytree(folder, tmp_path / 'videos')
    (tmp_path / 'videos/list.txt').write_text('clap/a.avi 3')
    with pytest.raises(UsageError, match='the label 3, but there are 2 cla'):
        ActionVideoDataset(
            'list.txt', [], data_root=str(tmp_path / 'videos'), num_classes=2
        )
    dataset = ActionVideoDataset(
        'list.txt',
        [dict(type='mmssl.DecodeClips', num_clips=1, **CLIPS)],
        data_root=str(tmp_path / 'videos'),
        num_classes=4,
    )
    assert len(dataset) == 1
    assert dataset[0]['label'] == 3 and len(dataset[0]['imgs']) == 4


def test_a_folder_without_videos_is_named(tmp_path):
    with pytest.raises(UsageError, match=f'no videos below {tmp_path}'):
        VideoFolder(str(tmp_path), **SETTINGS)


def test_broken_and_short_videos_are_named_counted_and_replaced(
    folder, tmp_path, capfd
):
    shutil.copytree(folder, tmp_path / 'videos')
    (tmp_path / 'videos/clap/a.avi').write_bytes(b'broken')
    write_video(tmp_path / 'videos/clap/b.mp4', numbered_frames(1))
    write_sound(tmp_path / 'videos/wave/e.mp4')
    dataset = VideoFolder(
        str(tmp_path / 'videos'), max_bad_share=0.7, **SETTINGS
    )
    sample = dataset[0]
    assert sample['data_samples'].path.endswith('c.avi')
    assert [path.rsplit('/', 1)[1] for path in dataset.bad] == [
        'a.avi', 'b.mp4',
    ]  # fmt: skip
    assert dataset[4]['data_samples'].path.endswith('c.avi')
    assert len(dataset.bad) == 3
    strict = VideoFolder(str(tmp_path / 'videos'), **SETTINGS)
    with pytest.raises(DataError, match=r'1 of 5 videos .* last: .*a\.avi'):
        strict[0]


def test_any_list_of_mmaction2_is_read(folder, tmp_path):
    listed = tmp_path / 'list.txt'
    listed.write_text('clap/a.avi,0\nwave/c.avi,1\n')
    dataset = ActionClips(
        dict(
            type='mmaction.VideoDataset', ann_file=str(listed),
            data_prefix=dict(video=str(folder)), delimiter=',',
        ),
        **SETTINGS,
    )  # fmt: skip
    assert dataset.labels.tolist() == [0, 1]
    assert len(dataset[1]['inputs']) == 2


def test_raw_frames_of_mmaction2_are_read(tmp_path):
    (tmp_path / 'clap').mkdir()
    for i, frame in enumerate(numbered_frames(12)):
        cv2.imwrite(str(tmp_path / f'clap/img_{i + 1:05}.jpg'), frame)
    listed = tmp_path / 'list.txt'
    listed.write_text('clap 12 3\n')
    dataset = ActionClips(
        dict(
            type='mmaction.RawframeDataset', ann_file=str(listed),
            data_prefix=dict(img=str(tmp_path)),
        ),
        **SETTINGS,
    )  # fmt: skip
    sample = dataset[0]
    assert sample['data_samples'].num_frames == 12
    assert sample['data_samples'].label == 3


def test_the_share_of_overlapping_clips():
    class Sample:
        def __init__(self, *starts):
            self.clip_frames = np.array(starts)[:, None] + np.arange(8)

    assert overlap_share([Sample(0, 8), Sample(9, 3)]) == 0.5
    assert overlap_share([Sample(0)]) == 0.0
