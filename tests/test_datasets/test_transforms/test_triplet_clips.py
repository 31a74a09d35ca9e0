# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM's three clips: which frames, how their time and flow are disturbed."""

import cv2
import numpy as np
import pytest
import torch
from golden import load_golden
from small_videos import number_of, numbered_frames, write_video

from mmssl.datasets import DataError, VideoFolder, VideoList
from mmssl.datasets.transforms import (
    FlowScaleWarp,
    LoadTriplet,
    TemporalEdit,
    TurnedView,
)
from mmssl.datasets.transforms.triplet_clips import (
    draw_start,
    frame_walk,
    insert_frame,
    shifted_start,
    swap_frames,
)
from mmssl.datasets.transforms.turned_view import turn
from mmssl.structures import flow_sample

VIEWS = [dict(type='TurnedView', size=16, resize=20, num=3)]
CLIPS = dict(type='LoadTriplet', clip_len=4, frame_interval=2)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp('videos')
    for name in 'ab':
        write_video(root / f'{name}.avi', numbered_frames(24))
    return root


def test_walks_are_the_authors():
    g = load_golden('dsm/frame_walk.npz')
    for case in range(4):
        walk = frame_walk(*g[f'c{case}_in'].tolist())
        assert walk.tolist() == g[f'c{case}_frames'].tolist()


def test_starts_of_negatives_are_the_authors():
    rows = load_golden('dsm/negative_start.npz')
    for row in rows['num_frames_anchor_drawn_used'].tolist():
        assert shifted_start(*row[:3]) == row[3]


def test_starts_are_even_over_what_fits():
    rng = np.random.default_rng(0)
    starts = [draw_start(20, 16, rng) for _ in range(500)]
    assert set(starts) == {1, 2, 3, 4, 5}
    assert draw_start(8, 16, rng) == 1


def test_positive_shows_the_anchors_frames_and_negative_others():
    load = LoadTriplet(clip_len=8, frame_interval=2)
    rng = np.random.default_rng(0)
    apart = []
    for _ in range(200):
        anchor, positive, negative = load.choose(40, 30.0, rng)
        assert (anchor == positive).all()
        assert anchor.min() >= 0 and negative.max() <= 38
        apart.append(abs(int(negative[0] - anchor[0])))
    assert min(apart) >= 2
    assert len(set(apart)) > 5


def test_a_start_leaves_room_for_the_clip_or_for_32_frames():
    rng = np.random.default_rng(0)
    own = LoadTriplet(clip_len=8, frame_interval=2)
    legacy = LoadTriplet(clip_len=8, frame_interval=2, span_len=32)
    starts = {
        name: {int(load.choose(71, 30.0, rng)[0, 0]) for _ in range(400)}
        for name, load in (('own', own), ('legacy', legacy))
    }
    assert max(starts['own']) == 54  # 70 frames less 16
    assert max(starts['legacy']) == 6


def test_rule_of_decoded_videos_moves_on():
    load = LoadTriplet(clip_len=4, frame_interval=1, negative='decoded')
    rng = np.random.default_rng(0)
    starts = np.array(
        [load.choose(61, 30.0, rng)[[0, 2], 0] for _ in range(500)]
    )
    assert starts.min() == 0 and starts.max() == 58
    same = LoadTriplet(negative='same').choose(100, 30.0, rng)
    assert (same[2] == same[0]).all()
    pair = LoadTriplet(negative='none').choose(100, 30.0, rng)
    assert pair.shape == (2, 16) and (pair[0] == pair[1]).all()


def test_videos_give_three_clips_of_the_frames_that_are_named(folder):
    load = LoadTriplet(clip_len=4, frame_interval=3)
    results = load(dict(path=str(folder / 'a.avi'), key=(0, 0, 1)))
    assert len(results['clips']) == 3
    for clip, frames in zip(
        results['clips'], results['clip_frames'], strict=True
    ):
        assert [number_of(frame) for frame in clip] == frames.tolist()


def test_a_data_set_makes_views_of_the_three_clips(folder):
    dataset = VideoFolder(str(folder), clips=CLIPS, views=VIEWS)
    sample = dataset[0]
    assert [tuple(v.shape) for v in sample['inputs']] == [(3, 4, 16, 16)] * 3
    facts = sample['data_samples']
    assert facts.clip_frames.shape == (3, 4)
    assert not torch.equal(sample['inputs'][0], sample['inputs'][1])


def test_a_video_of_one_frame_is_refused_by_name(tmp_path):
    write_video(tmp_path / 'short.avi', numbered_frames(1))
    (tmp_path / 'list.txt').write_text('short.avi\n')
    dataset = VideoList(
        'list.txt', str(tmp_path), clips=CLIPS, views=VIEWS
    )  # fmt: skip
    with pytest.raises(DataError, match='short.avi: too short, 1 frame'):
        dataset[0]


def test_edits_insert_and_truly_swap():
    order = np.arange(6)
    assert insert_frame(order, 2).tolist() == [0, 1, 2, 2, 3, 4]
    assert swap_frames(order, 1, 4).tolist() == [0, 4, 2, 3, 1, 5]
    rng = np.random.default_rng(0)
    edited = TemporalEdit(share=0.1).order(16, rng)
    assert len(edited) == 16
    assert 1 <= 16 - len(set(edited.tolist())) <= 2  # two insertions
    assert (edited != np.arange(16)).any()
    back = TemporalEdit(mode='reverse').order(4, rng)
    assert back.tolist() == [3, 2, 1, 0]


def test_edits_touch_the_negative_alone_and_keep_its_numbers_true(folder):
    results = dict(path=str(folder / 'a.avi'), key=(0, 0, 1))
    load = LoadTriplet(clip_len=8, frame_interval=2, negative='same')
    before = load(dict(results))
    after = TemporalEdit()(load(dict(results)))
    for i in (0, 1):
        assert (after['clips'][i] == before['clips'][i]).all()
    assert (after['clips'][2] != before['clips'][2]).any()
    numbers = [number_of(frame) for frame in after['clips'][2]]
    assert numbers == after['clip_frames'][2].tolist()
    again = TemporalEdit()(load(dict(results)))
    assert (again['clips'][2] == after['clips'][2]).all()


def write_flow(folder, count):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(1, count + 1):
        for axis in 'xy':
            picture = rng.integers(0, 256, (48, 64)).astype(np.uint8)
            name = f'{axis}_{number:05d}.png'
            cv2.imwrite(str(folder / name), picture)


def test_flow_moves_each_frame_by_its_own_flow(folder, tmp_path):
    write_flow(tmp_path / 'a', 24)
    results = dict(path=str(folder / 'a.avi'), key=(0, 0, 1))
    load = LoadTriplet(
        clip_len=4, frame_interval=2, negative='same', short_side=None
    )
    before = load(dict(results))
    warp = FlowScaleWarp(
        str(tmp_path), template='{axis}_{number:05d}.png', most=10.0
    )
    after = warp(load(dict(results)))
    assert (after['clips'][0] == before['clips'][0]).all()
    assert (after['clips'][2] != before['clips'][2]).any()
    number = int(before['clip_frames'][2][1]) + 1
    flow = warp.read(tmp_path / 'a', np.array([number]), (48, 64))
    assert (flow.min(), flow.max()) == (0, 1)
    frame = torch.from_numpy(before['clips'][2][1]).permute(2, 0, 1)[None]
    found = after['clips'][2][1]
    errors = []
    for factor in np.linspace(0.01, 10, 1000):
        moved = flow_sample(frame.float(), flow, float(factor))[0]
        moved = moved.permute(1, 2, 0).numpy()
        errors.append(np.abs(moved - found).mean())
    assert min(errors) < 0.3 < max(errors)
    for way in ('splat', 'splat_nearest'):
        warp.way = way
        assert warp(load(dict(results)))['clips'][2].shape == (4, 48, 64, 3)


def test_a_missing_flow_picture_is_named(folder, tmp_path):
    write_flow(tmp_path / 'a', 2)
    dataset = VideoFolder(
        str(folder),
        pipeline=[
            CLIPS | dict(negative='same'),
            dict(type='FlowScaleWarp', flow_root=str(tmp_path)),
            dict(type='MultiView', views=VIEWS),
            dict(type='PackViews'),
        ],
    )
    with pytest.raises(DataError, match=r'no flow picture .*_000\d\d.jpg'):
        dataset[0]


def test_turning_keeps_the_middle_and_blackens_corners():
    clip = np.full((2, 41, 41, 3), 200, np.uint8)
    clip[:, 20, 20] = 90
    turned = turn(clip, 10.0)
    assert (turned[:, 20, 20] == 90).all()
    assert (turned[:, 0, 0] == 0).all() and turned[0].mean() > 180
    picture = np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8)
    assert (turn(picture, 90.0) == np.rot90(picture)).all()
    assert (turn(picture, 0.0) == picture).all()


def test_one_or_all_of_the_colour_changes_take_effect():
    jitter = (0.5, 0.5, 0.25, 0.5)
    clip = np.random.default_rng(0).integers(0, 255, (2, 24, 32, 3), np.uint8)
    last = TurnedView(16, 20, jitter=jitter)
    every = TurnedView(16, 20, jitter=jitter, jitter_mode='all')
    used = []
    for view in (last, every):
        counts = set()
        apply = view.apply
        view.apply = lambda img, params, c=counts, a=apply: (
            c.add(len(params.jitter)), a(img, params),
        )[1]  # fmt: skip
        for seed in range(20):
            out, geometry = view(clip, np.random.default_rng(seed))
            assert out.shape == (2, 16, 16, 3) and not geometry.flip
            x, y, w, h = geometry.crop
            assert x >= 0 and y >= 0 and x + w <= 33 and y + h <= 24.1
        used.append(counts)
    assert used == [{1}, {4}]


def test_frames_of_a_clip_get_the_same_view():
    clip = np.random.default_rng(0).integers(0, 255, (1, 24, 32, 3), np.uint8)
    clip = np.repeat(clip, 4, axis=0)
    view = TurnedView(16, 20, jitter=(0.5, 0.5, 0.25, 0.5))
    out, _ = view(clip, np.random.default_rng(0))
    assert (out == out[:1]).all()


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        (lambda: LoadTriplet(negative='far'), "got 'far'"),
        (lambda: LoadTriplet(min_frames=1), 'min_frames must be >= 2, got 1'),
        (lambda: LoadTriplet(clip_len=0), 'clip_len must be >= 1, got 0'),
        (lambda: TemporalEdit(mode='loop'), "got 'loop'"),
        (lambda: TemporalEdit(share=0), 'share in .0, 1.'),
        (lambda: FlowScaleWarp('flow', way='up'), "got 'up'"),
        (lambda: TurnedView(224, 112), 'resize must be >= size'),
        (lambda: TurnedView(jitter_mode='no'), "jitter_mode must be .* 'no'"),
    ],
)
def test_settings_outside_their_range_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
