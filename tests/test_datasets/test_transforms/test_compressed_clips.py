# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One decode for all that CMD takes, and views that belong together."""

import logging

import numpy as np
import pytest
import torch
from golden import ROOT
from small_videos import write_video

from mmssl.datasets import compressed_videos
from mmssl.datasets.transforms import (
    CompressedReader,
    CompressedViews,
    LoadMotionVectors,
    PyAVCompressedDecode,
    UnreadableVideo,
    UnsuitableVideo,
    compressed_clips,
)
from mmssl.datasets.transforms.motion_vectors import (
    accumulate_motion,
    dense_motion,
)
from mmssl.registry import TRANSFORMS

PAN = str(ROOT / 'cmd/pan_mpeg4.mp4')
B_FRAMES = str(ROOT / 'cmd/h264_bframes_first120.264')


def sampled(path=PAN, **more):
    return dict(
        path=path,
        frame_inds=np.array([2, 4, 6, 8]),
        motion_inds=np.array([[10, 11], [13, 14]]),
        iframe_ind=12,
        key=(0, 0, 0),
        **more,
    )


def test_pictures_motion_and_iframe_come_from_one_decode(monkeypatch):
    opened = []
    plain = CompressedReader._open
    monkeypatch.setattr(
        CompressedReader, '_open', lambda r: opened.append(r) or plain(r)
    )
    results = PyAVCompressedDecode()(sampled())
    assert len(opened) == 1
    with CompressedReader(PAN) as reader:
        parts = reader.read_parts(range(26), range(26))
    for picture, i in zip(results['imgs'], (2, 4, 6, 8), strict=True):
        np.testing.assert_array_equal(picture, parts.pictures[i])
    np.testing.assert_array_equal(results['iframe'], parts.pictures[12])
    for motion, i in zip(
        results['motion_vectors'], (10, 11, 13, 14), strict=True
    ):
        np.testing.assert_array_equal(
            motion, dense_motion(parts.tables[i], 112, 160)
        )
    assert results['img_shape'] == (112, 160)


def test_accumulated_motion_begins_at_each_i_frame():
    results = PyAVCompressedDecode(form='accumulated')(sampled())
    with CompressedReader(PAN) as reader:
        tables = reader.read_parts(range(26)).tables
    maps = [dense_motion(tables[i], 112, 160) for i in range(26)]
    expected, sums = None, {}
    for i in range(26):
        expected = accumulate_motion(
            maps[i], None if i % 12 == 0 else expected
        )
        sums[i] = expected
    for motion, i in zip(
        results['motion_vectors'], (10, 11, 13, 14), strict=True
    ):
        np.testing.assert_array_equal(motion, sums[i])
    with pytest.raises(UnsuitableVideo, match='B-frames, over which motion'):
        PyAVCompressedDecode(form='accumulated')(sampled(B_FRAMES))


def test_pictures_come_from_the_original_and_sizes_must_agree(tmp_path):
    frames = np.zeros((30, 112, 160, 3), np.uint8)
    frames[..., 0] = 8 * np.arange(30)[:, None, None]
    original = str(write_video(tmp_path / 'a.mp4', frames))
    step = PyAVCompressedDecode(rgb_from='original')
    results = step(sampled(original, motion_path=PAN))
    reds = [round(picture[..., 0].mean() / 8) for picture in results['imgs']]
    assert reds == [2, 4, 6, 8]
    assert results['motion_vectors'][0].any()
    small = str(write_video(tmp_path / 'b.mp4', frames[:, :48, :64]))
    with pytest.raises(UnreadableVideo, match=r'\(48, 64\) .* \(112, 160\)'):
        step(sampled(small, motion_path=PAN))


def test_b_frames_are_warned_of_once_with_counts(monkeypatch):
    texts = []
    monkeypatch.setattr(
        compressed_clips,
        'print_log',
        lambda text, logger, level: texts.append((text, level)),
    )
    step = LoadMotionVectors(future='negate')
    for _ in range(2):
        step(dict(filename=B_FRAMES, frame_inds=np.arange(5)))
    ((text, level),) = texts
    assert level == logging.WARNING
    assert '3 of 5 frames read are B-frames' in text
    assert 'reencode_videos.py' in text


def test_load_motion_vectors_serves_pipelines_of_mmaction2():
    steps = [
        dict(type='mmaction.PyAVInit'),
        dict(
            type='mmaction.SampleFrames', clip_len=4, frame_interval=2,
            num_clips=2, test_mode=True,
        ),
        dict(type='mmaction.PyAVDecode'),
        dict(type='LoadMotionVectors'),
        dict(type='mmaction.Resize', scale=(-1, 64)),
        dict(type='mmaction.FormatShape', input_format='NCTHW'),
    ]  # fmt: skip
    results = dict(filename=PAN, start_index=0, modality='RGB', label=0)
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    assert results['imgs'].shape[:3] == (2, 3, 4)
    assert len(results['motion_vectors']) == 8
    with CompressedReader(PAN) as reader:
        parts = reader.read_parts(results['frame_inds'].ravel().tolist())
    assert results['frame_types'] == [
        parts.types[i] for i in results['frame_inds'].ravel()
    ]
    step = LoadMotionVectors(form='table')
    tables = step(dict(path=PAN, frame_inds=[1, 5]))['motion_vectors']
    assert [table.shape[1] for table in tables] == [10, 10]


def test_unknown_forms_are_refused():
    with pytest.raises(ValueError, match="form must be in .* 'flow'"):
        LoadMotionVectors(form='flow')
    with pytest.raises(ValueError, match="rgb_from must be .* 'both'"):
        PyAVCompressedDecode(rgb_from='both')


def views_of(view, **more):
    """Inputs and sample of a picture whose red is x and whose maps are too."""
    ramp = np.arange(64, dtype=np.uint8)[None, :].repeat(48, 0)
    picture = np.stack([ramp] * 3, -1)
    motion = (np.stack([ramp, 0 * ramp], -1) // 7).astype(np.int16)
    results = dict(
        path='a.mp4', key=(0, 0, 5), imgs=[picture] * 3, iframe=picture,
        motion_vectors=[motion] * 4,
        motion_inds=np.array([[5, 6], [1, 2]]), label=3,
    )  # fmt: skip
    packed = CompressedViews(view, **more)(results)
    return packed['inputs'], packed['data_samples']


def test_clip_and_future_share_their_crop_others_have_their_own():
    inputs, sample = views_of(dict(size=16, log_ratio=False))
    clip, still, future, other = inputs
    assert clip.shape == (3, 3, 16, 16) and clip.dtype == torch.uint8
    assert still.shape == (3, 1, 16, 16)
    assert future.shape == other.shape == (2, 2, 16, 16)
    first, second, third, fourth = sample.views
    assert first == third and len({first, second, fourth}) == 3
    # Both show where they were cut: x / 7 pixels, in tenths.
    shown = (clip[0].float() / 70).clamp(max=1)[:2]
    assert (shown - future[0]).abs().max() < 0.12
    assert sample.label == 3 and sample.motion_inds.shape == (2, 2)


def test_limit_and_switches_reach_the_maps():
    view = dict(size=16, area=(1, 1), ratio=(1, 1.4), flip_prob=1)
    inputs, _ = views_of(view, limit=3.0, flip_vectors=True)
    assert inputs[2].min() == -1 and inputs[2].max() == 0
    inputs, _ = views_of(view, limit=3.0)
    assert inputs[2].min() == 0 and inputs[2].max() == 1


def test_evaluation_cuts_the_centre_of_all():
    inputs, sample = views_of(dict(type='CenterView', resize=24, size=24))
    assert [tuple(v.shape[-2:]) for v in inputs] == [(24, 24)] * 4
    assert len(set(sample.views)) == 1
    shown = inputs[0][0, :2].float() / 70
    assert (shown - inputs[2][0]).abs().max() < 0.1


def test_sizes_that_differ_are_refused():
    results = PyAVCompressedDecode()(sampled())
    results['iframe'] = results['iframe'][:50]
    with pytest.raises(UnreadableVideo, match='must be of one size, got'):
        CompressedViews(dict(size=16))(results)


def test_the_ratio_of_a_crop_is_even_where_asked():
    rng = np.random.default_rng(0)
    from mmssl.datasets.transforms import RandomView

    view = RandomView(8, area=(0.01, 0.01), ratio=(0.5, 2), log_ratio=False)
    crops = [view.draw(rng, (1000, 1000)).crop for _ in range(2000)]
    ratios = [w / h for _, _, w, h in crops]
    assert abs(np.mean(ratios) - 1.25) < 0.03  # 1.08 in the logarithm


def test_a_made_up_pan_moves_as_it_says():
    rng = np.random.default_rng(0)
    video = compressed_videos.textured_pan(rng, 3, 32, 4.0)
    assert video.shape == (3, 32, 32, 3)
    shift = np.abs(
        video[1, 6:26, 6:26].astype(int) - video[0, 6:26, 6:26]
    ).mean()
    best = min(
        np.abs(
            video[1, 6:26, 6:26].astype(int)
            - video[0, 6 - dy : 26 - dy, 6 - dx : 26 - dx]
        ).mean()
        for dx in range(-5, 6)
        for dy in range(-5, 6)
    )
    assert best == 0 < shift
