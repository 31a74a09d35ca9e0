# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The demo on a drawn clip, and what it says to wrong input."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from mmssl.datasets import VideoFile
from mmssl.utils.id_maps import read_id_map, write_id_map
from mmssl.utils.video_writer import write_video
from mmssl.visualization.masks import overlay_masks

DEMO = Path(__file__).parents[2] / 'demo' / 'vos_demo.py'
CONFIG = """
model = dict(type='FeatureExtractor', backbone=dict(
    type='SmallConvNet', channels=(8, 8), strides=(2, 2)))
"""


@pytest.fixture
def demo():
    spec = importlib.util.spec_from_file_location('vos_demo', DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def frames(count=5):
    """A red square that moves to the right over grey."""
    for t in range(count):
        frame = np.full((48, 65, 3), 90, np.uint8)
        frame[10:30, 8 + 2 * t : 28 + 2 * t] = (250, 0, 0)
        yield frame


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """The clip, a mask of its first frame, and a config."""
    monkeypatch.chdir(tmp_path)
    assert write_video('clip.mp4', frames(), rate=12.5) == 5
    ids = np.zeros((48, 64), np.uint8)
    ids[10:30, 8:28] = 1
    write_id_map('first.png', ids)
    Path('small.py').write_text(CONFIG)
    return ['clip.mp4', '--config', 'small.py', '--out-dir', 'out',
            '--input-size', '-1', '--context', '2']  # fmt: skip


def test_a_mask_is_carried_and_drawn(demo, clip, capsys):
    assert demo.main([*clip, '--mask', 'first.png']) == 0
    assert '5 frames in out/overlay.mp4' in capsys.readouterr().out
    video = VideoFile('out/overlay.mp4')
    assert len(video) == 5 and video.rate == 12.5
    assert video[0].shape == (3, 48, 64)
    names = sorted(path.name for path in Path('out/masks').iterdir())
    assert names == [f'{t:05d}.png' for t in range(5)]
    last = read_id_map('out/masks/00004.png')
    where = np.zeros_like(last)
    where[10:30, 16:36] = 1
    overlap = (last & where).sum() / (last | where).sum()
    assert overlap > 0.6  # colour alone tells the square


def test_boxes_and_a_part_of_the_clip(demo, clip):
    boxes = ['--box', '8', '10', '20', '20', '--box', '40', '2', '20', '40']
    part = ['--first', '1', '--max-frames', '3']
    assert demo.main([*clip, *boxes, *part]) == 0
    names = sorted(path.name for path in Path('out/masks').iterdir())
    assert names == ['00001.png', '00002.png', '00003.png']
    assert set(np.unique(read_id_map('out/masks/00001.png'))) == {0, 1, 2}


@pytest.mark.parametrize(
    'change, message',
    [
        (['--mask', 'absent.png'], 'mask not found: absent.png'),
        (['--mask', 'small.png'], 'small.png .* 9 x 9, the frames 48 x 64'),
        (['--mask', 'empty.png'], 'empty.png has no object'),
        (['--box', '60', '0', '9', '9'], 'box 60 0 9 9 .* 64 x 48'),
        (['--box', '6', '0', '0', '9'], 'box 6 0 0 9'),
        (['--mask', 'first.png', '--first', '7'], '5 frames: first 7'),
        ([], 'one of the arguments --mask --box is required'),
    ],
)
def test_input_that_does_not_fit(demo, clip, change, message, capsys):
    write_id_map('small.png', np.ones((9, 9), np.uint8))
    write_id_map('empty.png', np.zeros((48, 64), np.uint8))
    assert demo.main([*clip, *change]) == 2
    text = ' '.join(capsys.readouterr().err.split())
    assert re.search(message, text), text


def test_videos_that_are_none(demo, clip, capsys):
    Path('nothing').mkdir()
    for video, message in (
        ('absent.mp4', 'there is no absent.mp4'),
        ('small.py', 'small.py: FFmpeg cannot open it'),
        ('nothing', 'nothing has no frames'),
    ):
        arguments = [video, *clip[1:], '--box', '0', '0', '9', '9']
        assert demo.main(arguments) == 2
        assert message in capsys.readouterr().err


def test_a_video_needs_frames(tmp_path):
    with pytest.raises(ValueError, match='no frames to write'):
        write_video(tmp_path / 'none.mp4', [])
    assert not list(tmp_path.glob('*'))


def test_objects_are_tinted_and_outlined():
    frame = np.full((9, 9, 3), 100, np.uint8)
    ids = np.zeros((9, 9), np.uint8)
    ids[1:8, 1:8] = 1
    drawn = overlay_masks(frame, ids, 0.5)
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[1, 1].tolist() == [255, 255, 255]
    assert drawn[4, 4].tolist() == [114, 50, 50]  # half of (128, 0, 0)
    with pytest.raises(ValueError, match='8 x 9, the frame 9 x 9'):
        overlay_masks(frame, ids[:8])
