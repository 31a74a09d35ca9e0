# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Lists of labelled videos for mmaction2's recognisers, and toy ones."""

import collections
import pickle

import pytest
import torch

from mmssl.datasets import (
    ActionVideoDataset,
    CharadesVideoDataset,
    ToyActions,
)
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


def test_toy_actions_move_as_their_class_says():
    dataset = ToyActions(
        per_class=2,
        clips=dict(num_clips=2, clip_len=8, frame_interval=1, target_fps=None),
        views=[dict(type='CenterView', num=2)],
    )
    assert len(dataset) == 8 and dataset.labels.tolist() == [
        0, 0, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip
    sample = dataset[2]  # to the right
    clip = sample['inputs'][0]
    assert clip.shape == (3, 8, 32, 32) and clip.dtype == torch.uint8
    shifts = [
        s for s in range(1, 3)
        if torch.equal(clip[:, 1], clip[:, 0].roll(s, dims=2))
    ]  # fmt: skip
    assert len(shifts) == 1
    other = ToyActions(split='test', views=[dict(type='CenterView')])
    assert other.source.name(0) == 'test/left/0'
    with pytest.raises(ValueError, match="split must be one of .*'val'"):
        ToyActions(split='val', views=[dict(type='CenterView')])
