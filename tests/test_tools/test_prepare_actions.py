# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Lists of action data sets, from small ones in their layout."""

import json

import pytest


@pytest.fixture
def prepare(tool, tmp_path):
    main = tool('dataset_tools/prepare_actions.py').main

    def run(name, *flags):
        return main([name, '--root', str(tmp_path), *flags])

    return run


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'x')


def test_kinetics_is_listed_by_class_folders(prepare, tmp_path, capsys):
    touch(
        tmp_path, 'videos_train/b/2.mp4', 'videos_train/a/1.mp4',
        'videos_train/a/notes.txt', 'videos_val/a/3.mp4', 'videos_val/b/4.mkv',
    )  # fmt: skip
    assert prepare('kinetics400') == 2
    assert 'holds 2 class folders, expected are 400' in capsys.readouterr().err
    assert prepare('kinetics400', '--any-count') == 0
    text = (tmp_path / 'kinetics400_train_list_videos.txt').read_text()
    assert text == 'a/1.mp4 0\nb/2.mp4 1\n'
    text = (tmp_path / 'kinetics400_val_list_videos.txt').read_text()
    assert text == 'a/3.mp4 0\nb/4.mkv 1\n'


def write_ucf(root):
    notes = root / 'annotations'
    notes.mkdir()
    (notes / 'classInd.txt').write_text('1 Apply\n2 Archery\n')
    for number in (1, 2, 3):
        (notes / f'trainlist0{number}.txt').write_text(
            'Apply/a.avi 1\nArchery/b.avi 2\n'
        )
        (notes / f'testlist0{number}.txt').write_text('Archery/c.avi\n')
    touch(root, *[f'videos/{n}.avi' for n in
                  ('Apply/a', 'Archery/b', 'Archery/c')])  # fmt: skip


def test_ucf101_has_three_splits(prepare, tmp_path, capsys):
    write_ucf(tmp_path)
    assert prepare('ucf101') == 2
    assert '2 videos, expected are 9537' in capsys.readouterr().err
    assert prepare('ucf101', '--any-count') == 0
    for number in (1, 2, 3):
        train, val = (
            (tmp_path / f'ucf101_{s}_split_{number}_videos.txt').read_text()
            for s in ('train', 'val')
        )
        assert train == 'Apply/a.avi 0\nArchery/b.avi 1\n'
        assert val == 'Archery/c.avi 1\n'


def test_missing_videos_are_named_or_left_out_and_counted(
    prepare, tmp_path, capsys
):
    write_ucf(tmp_path)
    (tmp_path / 'videos/Apply/a.avi').unlink()
    assert prepare('ucf101', '--any-count') == 2
    error = capsys.readouterr().err
    assert '1 of the 2 files that ucf101_train_split_1_videos.txt' in error
    assert 'Apply/a.avi' in error and '--skip-missing' in error
    assert prepare('ucf101', '--any-count', '--skip-missing') == 0
    assert '1 videos, 1 left out' in capsys.readouterr().out
    text = (tmp_path / 'ucf101_train_split_1_videos.txt').read_text()
    assert text == 'Archery/b.avi 1\n'


def test_a_class_that_is_not_numbered_is_named(prepare, tmp_path, capsys):
    write_ucf(tmp_path)
    path = tmp_path / 'annotations/trainlist02.txt'
    path.write_text('Bowling/x.avi 3\n')
    assert prepare('ucf101', '--any-count') == 2
    error = capsys.readouterr().err
    assert 'trainlist02.txt names Bowling/x.avi, whose class Bowl' in error
    path.unlink()
    assert prepare('ucf101', '--any-count') == 2
    assert 'trainlist02.txt is missing' in capsys.readouterr().err


def test_hmdb51_is_read_by_its_marks(prepare, tmp_path, capsys):
    touch(
        tmp_path, 'videos/run/a b.avi', 'videos/run/c.avi',
        'videos/walk/d.avi',
    )  # fmt: skip
    notes = tmp_path / 'annotations'
    notes.mkdir()
    for number in (1, 2, 3):
        (notes / f'run_test_split{number}.txt').write_text(
            'a b.avi 1 \nc.avi 2\nunused.avi 0\n'
        )
        (notes / f'walk_test_split{number}.txt').write_text('d.avi 1\n')
    assert prepare('hmdb51', '--any-count') == 0
    text = (tmp_path / 'hmdb51_train_split_1_videos.txt').read_text()
    assert text == 'run/a b.avi 0\nwalk/d.avi 1\n'
    text = (tmp_path / 'hmdb51_val_split_3_videos.txt').read_text()
    assert text == 'run/c.avi 0\n'
    (notes / 'run_test_split1.txt').write_text('a.avi 7\n')
    assert prepare('hmdb51', '--any-count') == 2
    assert "a.avi has the mark '7'" in capsys.readouterr().err


def test_something_something_is_read_by_its_templates(
    prepare, tmp_path, capsys
):
    notes = tmp_path / 'annotations'
    notes.mkdir()
    start = 'something-something-v2-'
    entries = [dict(id='7', template='Holding [something]')]
    (notes / f'{start}labels.json').write_text('{"Holding something": "31"}')
    for split in ('train', 'validation'):
        (notes / f'{start}{split}.json').write_text(json.dumps(entries))
    touch(tmp_path, 'videos/7.webm')
    assert prepare('sthv2', '--any-count') == 0
    text = (tmp_path / 'sthv2_val_list_videos.txt').read_text()
    assert text == '7.webm 31\n'
    entries[0]['template'] = 'Eating [something]'
    (notes / f'{start}train.json').write_text(json.dumps(entries))
    assert prepare('sthv2', '--any-count') == 2
    assert "template 'Eating something'" in capsys.readouterr().err
    (notes / f'{start}train.json').write_text('[')
    assert prepare('sthv2', '--any-count') == 2
    assert 'train.json is no JSON' in capsys.readouterr().err


def test_charades_is_read_as_it_is(prepare, tmp_path, capsys):
    for split in ('train', 'test'):
        path = tmp_path / f'Charades_v1_{split}.csv'
        path.write_text('id,actions\nAB,c001 1 2\n')
    touch(tmp_path, 'videos/AB.mp4')
    assert prepare('charades', '--any-count') == 0
    assert 'charades, videos: 1 videos' in capsys.readouterr().out
    path.write_text('id,actions\nAB,c157 1 2\n')
    assert prepare('charades', '--any-count') == 2
    assert 'test.csv, line 2: AB has the action' in capsys.readouterr().err


def test_ava_needs_its_files_and_frames(prepare, tool, tmp_path, capsys):
    assert prepare('ava', '--any-count') == 2
    assert 'lacks ava_train_v2.2.csv' in capsys.readouterr().err
    files = tool('dataset_tools/prepare_actions.py').AVA_FILES
    touch(tmp_path, *[f'annotations/{name}' for name in files])
    for split in ('train', 'val'):
        path = tmp_path / f'annotations/ava_{split}_v2.2.csv'
        path.write_text('vid,0902,0.1,0.1,0.9,0.9,12,0\n')
    assert prepare('ava', '--any-count') == 2
    assert 'vid/img_00001.jpg' in capsys.readouterr().err
    touch(tmp_path, 'rawframes/vid/img_00001.jpg')
    assert prepare('ava', '--any-count') == 0
