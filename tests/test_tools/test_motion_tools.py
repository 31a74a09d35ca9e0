# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Extract, index and encode anew, as a whole folder."""

import numpy as np
import pytest
from small_videos import numbered_frames, write_video

from mmssl.datasets import VideoIndex
from mmssl.datasets.motion_files import read_motion
from mmssl.datasets.transforms import CompressedReader


@pytest.fixture
def videos(tmp_path):
    root = tmp_path / 'videos'
    (root / 'run').mkdir(parents=True)
    write_video(root / 'run/a.mp4', numbered_frames(14))
    write_video(root / 'b.avi', numbered_frames(9))
    write_video(root / 'c.webm', numbered_frames(8), codec='libvpx-vp9')
    return root


def test_a_folder_is_extracted_and_gone_on_with(
    tool, videos, tmp_path, capsys
):
    main = tool('dataset_tools/extract_motion.py').main
    out = tmp_path / 'motion'
    assert main([str(videos), str(out)]) == 1  # c has no vectors
    text = capsys.readouterr()
    assert '2 videos with 23 frames written' in text.out
    assert '1 left out' in text.out and '3/3 videos' in text.out
    assert 'c.webm: codec vp9 exports no motion vectors' in text.err
    assert read_motion(out / 'run/a.mp4.npz')['offsets'].shape == (15,)
    assert sorted(p.name for p in out.rglob('*.npz')) == [
        'a.mp4.npz',
        'b.avi.npz',
    ]
    (out / 'b.avi.npz').unlink()
    (videos / 'c.webm').unlink()
    assert main([str(videos), str(out)]) == 0
    assert '1 videos with 9 frames written' in capsys.readouterr().out


def test_processes_write_the_same_files(tool, videos, tmp_path):
    main = tool('dataset_tools/extract_motion.py').main
    (videos / 'c.webm').unlink()
    assert main([str(videos), str(tmp_path / '1')]) == 0
    assert main([str(videos), str(tmp_path / '2'), '--workers', '2']) == 0
    first, second = (read_motion(tmp_path / n / 'run/a.mp4.npz') for n in '12')
    for name, value in first.items():
        assert np.array_equal(second[name], value), name


def test_a_file_that_cannot_be_written_leaves_no_part(
    tool, videos, tmp_path, monkeypatch
):
    from mmssl.datasets import motion_files

    def fail(*args, **kwargs):
        args[0].write(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(motion_files.np, 'savez_compressed', fail)
    main = tool('dataset_tools/extract_motion.py').main
    assert main([str(videos), str(tmp_path / 'o')]) == 130
    assert not [p for p in (tmp_path / 'o').rglob('*') if p.is_file()]


@pytest.mark.parametrize('codec', ['mpeg4', 'h264'])
def test_videos_are_encoded_anew_without_b_frames(
    codec, tool, videos, tmp_path, capsys
):
    main = tool('dataset_tools/reencode_videos.py').main
    out = tmp_path / 'anew'
    arguments = [str(videos), str(out), '--codec', codec, '--gop', '5']
    assert main([*arguments, '--short-side', '32']) == 0
    assert '3 videos with 31 frames written' in capsys.readouterr().out
    with CompressedReader(str(out / 'run/a.mp4')) as reader:
        assert reader.picture_types() == 'IPPPPIPPPPIPPP'
        assert reader.size == (32, 42) and reader.codec == codec
    assert main(arguments) == 0
    assert '3 were there' in capsys.readouterr().out


def test_a_folder_is_indexed(tool, videos, capsys):
    main = tool('dataset_tools/index_videos.py').main
    assert main([str(videos)]) == 1
    text = capsys.readouterr()
    assert '2 videos in' in text.out and '(2 mpeg4); frames: 5 I' in text.out
    assert 'codec vp9' in text.err
    (videos / 'c.webm').unlink()
    assert main([str(videos), '--again']) == 0
    index = VideoIndex.read(videos / 'motion_index.json')
    assert index.entry('b.avi').types == 'IPPPPPIPP'


def test_wrong_usage_is_one_line(tool, videos, tmp_path, capsys):
    extract = tool('dataset_tools/extract_motion.py').main
    assert extract([str(tmp_path / 'nowhere'), 'o']) == 2
    assert 'no folder and no file' in capsys.readouterr().err
    encode = tool('dataset_tools/reencode_videos.py').main
    assert encode([str(videos / 'b.avi'), str(tmp_path / 'b.avi')]) == 2
    assert 'must end with .mp4' in capsys.readouterr().err
    assert encode([str(videos), 'o', '--gop', '0']) == 2
    assert '--gop must be >= 1, got 0' in capsys.readouterr().err
    write_video(videos / 'b.mp4', numbered_frames(3))
    assert encode([str(videos), 'o']) == 2
    assert 'differ in their ending alone' in capsys.readouterr().err
    bad = videos / 'bad.mp4'
    bad.write_bytes(b'no video')
    assert encode([str(bad), str(tmp_path / 'x.mp4')]) == 1
    assert 'bad.mp4 cannot be read' in capsys.readouterr().err
    index = tool('dataset_tools/index_videos.py').main
    (tmp_path / 'none').mkdir()
    write_video(
        tmp_path / 'none/c.webm', numbered_frames(3), codec='libvpx-vp9'
    )
    assert index([str(tmp_path / 'none')]) == 2
    assert 'no video can be used' in capsys.readouterr().err
