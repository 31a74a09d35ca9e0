# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Videos are read to their end, and what is wrong is named."""

import json

import pytest
from small_videos import numbered_frames, write_sound, write_video

from mmssl.datasets.video_check import check_video


@pytest.fixture
def check(tool, tmp_path):
    main = tool('misc/check_videos.py').main
    out = str(tmp_path / 'found.json')

    def run(folder, *flags):
        code = main([str(folder), '--out', out, *flags])
        rows = json.loads((tmp_path / 'found.json').read_text())['videos']
        return code, {row['path'].rsplit('/', 1)[1]: row for row in rows}

    return run


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / 'videos'
    root.mkdir()
    write_video(root / 'good.mp4', numbered_frames(12))
    (root / 'text.mp4').write_text('no video')
    (root / 'empty.avi').write_bytes(b'')
    write_sound(root / 'sound.mp4')
    write_video(root / 'one.mp4', numbered_frames(1))
    write_video(root / 'turned.mp4', numbered_frames(6), rotation=90)
    times = [0, 1, 2, 6, 7, 12]
    write_video(root / 'varying.mkv', numbered_frames(6), times=times)
    data = (root / 'good.mp4').read_bytes()
    (root / 'cut.mp4').write_bytes(data[: len(data) // 2])
    return root


def test_unreadable_files_and_codecs_are_named(check, folder, capsys):
    code, rows = check(folder)
    assert code == 1
    output = capsys.readouterr()
    for name in ('text.mp4', 'empty.avi', 'sound.mp4', 'cut.mp4'):
        assert rows[name]['problem'] and name in rows[name]['problem']
        assert f'unreadable: {folder / name}' in output.err
    good = rows['good.mp4']
    assert good['problem'] == '' and good['notes'] == []
    assert (good['codec'], good['frames']) == ('mpeg4', 12)
    assert '4 mpeg4' in output.out and '4 unreadable' in output.out
    assert 'other streams' in rows['sound.mp4']['problem']
    assert rows['one.mp4']['notes'] == ['it has a single frame']
    assert 'turn' in rows['turned.mp4']['notes'][0]
    assert rows['varying.mkv']['notes'] == ['its frame rate varies']


def test_a_second_run_reads_new_and_changed_files_alone(check, folder, capsys):
    check(folder, '--quick')
    write_video(folder / 'new.mp4', numbered_frames(5))
    capsys.readouterr()
    code, rows = check(folder, '--quick')
    assert '8 known' in capsys.readouterr().out
    assert code == 1 and rows['new.mp4']['frames'] == 5
    check(folder)  # what was read quickly is now read whole
    assert 'known from' not in capsys.readouterr().out
    check(folder, '--quick')
    assert '9 known' in capsys.readouterr().out


def test_a_list_keeps_its_readable_lines(check, folder, tmp_path):
    listed = tmp_path / 'list.txt'
    listed.write_text('good.mp4 0\ntext.mp4 1\none.mp4 1\n')
    good = tmp_path / 'good.txt'
    code, rows = check(folder, '--list', str(listed), '--good', str(good))
    assert code == 1 and len(rows) == 3
    assert good.read_text() == 'good.mp4 0\none.mp4 1\n'


def test_processes_find_the_same(check, folder, tmp_path):
    alone = check(folder)
    (tmp_path / 'found.json').unlink()
    assert check(folder, '--workers', '2') == alone


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['missing'], 'no folder missing'),
        (['.'], 'holds no videos'),
        (['.', '--workers', '0'], '--workers must be >= 1'),
        (['.', '--good', 'x'], '--good needs --list'),
        (['.', '--list', 'x'], 'no list x'),
    ],
)
def test_wrong_usage(tool, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert tool('misc/check_videos.py').main(arguments) == 2
    assert message in capsys.readouterr().err


def test_a_foreign_file_of_results_is_refused(tool, folder, tmp_path, capsys):
    (tmp_path / 'other.json').write_text('[]')
    arguments = [str(folder), '--out', str(tmp_path / 'other.json')]
    assert tool('misc/check_videos.py').main(arguments) == 2
    assert 'is not of this tool' in capsys.readouterr().err


def test_frames_that_the_header_only_claims_are_counted(tmp_path):
    path = write_video(tmp_path / 'a.avi', numbered_frames(8))
    data = path.read_bytes()
    # dwLength of the stream header, little-endian, behind 'vids'
    place = data.index(b'vids') + 32
    assert int.from_bytes(data[place : place + 4], 'little') == 8
    path.write_bytes(data[:place] + b'\x30\0\0\0' + data[place + 4 :])
    found = check_video(path)
    assert found['problem'] == '' and found['frames'] == 8
    assert found['notes'] == ['the header claims 48 frames, 8 are there']
