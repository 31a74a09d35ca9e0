# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SCRL's boxes against recorded ones of the authors' code."""

import numpy as np
import pytest
import torch
from golden import load_golden

from mmssl.datasets.transforms import (
    MatchedBoxes,
    MultiView,
    PackViews,
    RandomView,
)
from mmssl.datasets.transforms import (
    matched_boxes as module,
)
from mmssl.datasets.transforms.matched_boxes import (
    NUMBERS,
    covers,
    find_overlap,
    matched_boxes,
)
from mmssl.registry import TRANSFORMS
from mmssl.structures import (
    ViewGeometry,
    clip_boxes,
    jitter_boxes,
    pairwise_iou,
)


def golden(name, prefix=''):
    return {k: v.numpy() for k, v in load_golden(name, prefix).items()}


def view_of(record, size=224):
    """ViewGeometry of the authors' (top, left, h, w, flip)."""
    top, left, h, w, flip = np.asarray(record).tolist()
    return ViewGeometry((999, 999), (left, top, w, h), (size,) * 2, bool(flip))


def random_pair(rng):
    """Views as published: sides U(200, 520), RandomResizedCrop (0.2, 1)."""
    source = tuple(rng.integers(200, 520, 2).tolist())
    draw = RandomView(224, area=(0.2, 1.0)).draw
    params = [draw(rng, source) for _ in range(2)]
    return [
        ViewGeometry(source, p.crop, (224, 224), p.flip) for p in params
    ]  # fmt: skip


def numbers_from(rng):
    return lambda m: rng.random((m, NUMBERS))


REPLAYS = ('default', 'random', 'jitter', 'noreject')


def replay(case):
    """Settings, pairs of views and uniform numbers that repeat a recording.

    The number is the middle of what leads to the recorded whole number.
    """
    g = golden('scrl/box_generator_replay.npz', f'{case}_')
    size, min_size, num_boxes, iou_thr, grid, use_jitter, rho = g['cfg']
    draws = g['draws'].reshape(-1, 8 if grid else 4, 3)
    low, high, value = draws.transpose(2, 0, 1)
    numbers = np.full((len(draws), NUMBERS), 0.5)
    numbers[:, : low.shape[1]] = (value - low + 0.5) / (np.floor(high) - low)
    if use_jitter:
        numbers[:, 8:] = (g['jitter_draws'] - 1 + rho) / (2 * rho)
    settings = dict(
        min_size=int(min_size),
        num_boxes=int(num_boxes),
        iou_thr=iou_thr,
        grid=bool(grid),
        jitter=rho if use_jitter else 0.0,
    )
    pairs = [
        (view_of(a, int(size)), view_of(b, int(size)))
        for a, b in zip(g['transf1'], g['transf2'], strict=True)
    ]
    return g, settings, pairs, numbers


@pytest.mark.parametrize('case', REPLAYS)
def test_recorded_draws_give_the_recorded_boxes_and_ranges(case, monkeypatch):
    g, settings, pairs, numbers = replay(case)
    ranges, found = [], ([], [])

    def watched_integer(u, low, high):
        ranges.append((low, high))
        return integer(u, low, high)

    integer = module._integer
    monkeypatch.setattr(module, '_integer', watched_integer)
    start = 0
    for number, pair in enumerate(pairs):
        rest = numbers[start:]
        ranges.clear()

        def draw(m, rest=rest):
            # behind the draws of the last picture nothing was recorded
            return np.concatenate([rest, np.full((m, NUMBERS), 0.5)])

        boxes = matched_boxes(*pair, draw, **settings)
        for rows, view in zip(boxes, found, strict=True):
            view += [[number, *row] for row in rows]
        if boxes.size:
            # (candidate, draw for x and y in turn, low or high), as recorded
            recorded = np.floor(g['draws'].reshape(len(numbers), -1, 3))
            asked = np.array(ranges).reshape(-1, recorded.shape[1], 2)
            used = len(asked)
            recorded = recorded[start : start + used, :, :2]
            assert np.array_equal(asked, recorded)
            start += used
    assert start == len(numbers)  # the authors drew as often
    for ours, name in zip(found, ('boxes1', 'boxes2'), strict=True):
        ours, theirs = np.array(ours), g[name].copy()
        theirs[:, 0] %= len(pairs)  # view 2 counts on, behind view 1
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 1e-4


@pytest.mark.parametrize('case', 'ab')
def test_a_box_maps_to_both_views_as_recorded(case):
    g = golden('scrl/box_mapping.npz', f'{case}_')
    size, min_size = g['input_size'].item(), g['min_size'].item()
    for row in range(len(g['usable'])):
        a = view_of(g['transf1'][row], size)
        b = view_of(g['transf2'][row], size)
        overlap = find_overlap(a, b, min_size)
        assert (overlap is not None) == g['usable'][row]
        if overlap is None:
            continue
        left, top, _, _, w, h = g['overlap'][row].tolist()
        assert overlap.corner == (left, top) and overlap.size == (w, h)
        x, y, bw, bh = g['box_xywh'][row]
        ends = np.array([[x, y, x + bw, y + bh]])
        source = ends / (overlap.scale * 2) + overlap.corner * 2
        for view, name in ((a, 'box1'), (b, 'box2')):
            ours = clip_boxes(view.map_boxes(source), view.size)[0]
            assert np.abs(ours - g[name][row]).max() < 1e-4


def test_iou_clipping_and_jitter_are_the_authors():
    g = golden('scrl/box_utils.npz')
    iou = np.diagonal(pairwise_iou(g['iou_a'], g['iou_b']))
    assert np.abs(iou - g['iou']).max() < 1e-9
    clipped = clip_boxes(g['clip_in'], (224, 224))
    assert np.abs(clipped - g['clip_out']).max() < 1e-9
    moved = jitter_boxes(g['jitter_in_ltrb'], g['jitter_draws'])
    assert np.abs(moved - g['jitter_out_ltrb']).max() < 1e-9


def test_a_view_of_a_view_is_recorded_as_the_authors_do():
    g = golden('scrl/box_utils.npz', 'compose_')
    for row in range(len(g['transf_out'])):
        top, left, h, w = g['transf_global'][row].tolist()
        qh, qw = g['ratio_global'][row]
        outer = ViewGeometry((999, 999), (left, top, w, h), (h * qh, w * qw))
        top, left, h, w = g['transf_local'][row].tolist()
        a, b = g['ratio_local'][row]
        inner = ViewGeometry(outer.size, (left, top, w, h), (h * a, w * b))
        both = outer.then(inner)
        x, y, width, height = both.crop
        assert np.allclose(
            np.round([y, x, height, width]), g['transf_out'][row]
        )
        ratio = both.size[0] / height, both.size[1] / width
        assert np.abs(np.array(ratio) - g['ratio_out'][row]).max() < 1e-9


def test_both_boxes_come_from_the_same_pixels_of_the_picture():
    rng = np.random.default_rng(0)
    boxes = 0
    while boxes < 10_000:
        a, b = random_pair(rng)
        first, second = matched_boxes(a, b, numbers_from(rng))
        edges = [(x > 0) & (x < 224) for x in (first, second)]
        inside = edges[0].all(1) & edges[1].all(1)
        ours = a.unmap_boxes(first[inside])
        theirs = b.unmap_boxes(second[inside])
        if inside.any():
            assert np.abs(ours - theirs).max() < 0.01
        boxes += len(first)


def test_statistics_are_those_of_the_authors_code():
    g = golden('scrl/box_statistics.npz', 'default_')
    rng = np.random.default_rng(1)
    pairs = [random_pair(rng) for _ in range(2500)]
    every = [matched_boxes(*pair, numbers_from(rng)) for pair in pairs]
    usable = [boxes for boxes in every if boxes.shape[1]]
    assert {boxes.shape for boxes in usable} == {(2, 10, 4)}
    sides = (
        np.concatenate(usable, 1)[..., 2:] - np.concatenate(usable, 1)[..., :2]
    )
    area = sides.prod(-1) / 224**2
    ious = []
    for first, _ in usable:
        iou = pairwise_iou(first, first)
        np.fill_diagonal(iou, 0)
        ious.append(iou.max())
    for name, value in dict(
        usable_fraction=len(usable) / len(every),
        mean_area_frac_view1=area[0].mean(),
        mean_area_frac_view2=area[1].mean(),
        median_area_frac_view1=np.median(area[0]),
        mean_width_view1=sides[0, :, 0].mean(),
        mean_of_max_iou_in_image=np.mean(ious),
    ).items():
        assert value == pytest.approx(g[name].item(), rel=0.04), name
    assert sides.min() >= 31.4  # one cell of C5, in both views


def test_equal_views_have_equal_boxes_and_a_flip_mirrors_them():
    rng = np.random.default_rng(2)
    view = ViewGeometry((300, 400), (20, 30, 200, 180), (224, 224))
    first, second = matched_boxes(view, view, numbers_from(rng))
    assert np.allclose(first, second)
    flipped = view._replace(flip=True)
    first, second = matched_boxes(view, flipped, numbers_from(rng))
    assert np.allclose(second[:, 0], 224 - first[:, 2], atol=1e-4)
    assert np.allclose(second[:, 2], 224 - first[:, 0], atol=1e-4)
    assert np.allclose(second[:, [1, 3]], first[:, [1, 3]])


def test_a_box_that_covers_a_taken_one_is_refused():
    box, other = [0, 0, 10, 10], [20, 20, 30, 30]
    assert covers(box, [other, box], 1.0)
    assert not covers(box, [other], 0.01) and not covers(box, [], 0.01)
    half = [0, 0, 10, 5]  # overlap exactly 0.5: refused
    assert covers(half, [other, box], 0.5)
    assert not covers([0, 0, 10, 4.9], [other, box], 0.5)
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 50, (40, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 50, (40, 2))], 1)
    iou = pairwise_iou(boxes, boxes)
    for i in range(40):
        rest = np.delete(iou[i], i).max()
        others = np.delete(boxes, i, 0).tolist()
        assert covers(boxes[i].tolist(), others, rest - 1e-9)
        assert not covers(boxes[i].tolist(), others, rest + 1e-9)


def test_a_threshold_of_one_refuses_none():
    view = ViewGeometry((100, 100), (0, 0, 100, 100), (100, 100))
    asked = []

    def draw(m):
        asked.append(m)
        return np.full((m, NUMBERS), 0.5)

    boxes = matched_boxes(view, view, draw, 16, 3, iou_thr=1)
    assert asked == [6] and (boxes == boxes[:, :1]).all()


def test_more_candidates_are_drawn_when_the_first_do_not_suffice():
    view = ViewGeometry((100, 100), (0, 0, 100, 100), (100, 100))
    asked = []

    def draw(m):
        asked.append(m)
        return np.full((m, NUMBERS), 0.5)  # always the same box

    boxes = matched_boxes(view, view, draw, 16, 3, max_tries=50)
    assert boxes.shape == (2, 3, 4)
    assert asked == [6] * 17  # 1 + 50 + 50 candidates


@pytest.mark.parametrize(
    'b, usable',
    [
        ((0, 0, 100, 100), True),
        ((67, 0, 100, 100), True),  # 33 pixels are shared
        ((68, 0, 100, 100), False),  # 32, not more than min_size
        ((0, 68, 100, 100), False),
        ((100, 0, 100, 100), False),  # neighbours
        ((67.5, 0, 100, 100), False),  # 32.5 rounds to even 32
        ((66.5, 0, 100, 100), True),  # 33.5 to 34
    ],
)
def test_pairs_that_share_too_little_get_no_boxes(b, usable):
    a = ViewGeometry((200, 200), (0, 0, 100, 100), (100, 100))
    other = a._replace(crop=b)
    boxes = matched_boxes(a, other, numbers_from(np.random.default_rng(0)))
    assert boxes.shape == (2, 10 if usable else 0, 4)
    assert boxes.dtype == np.float32


def test_views_need_not_be_square():
    rng = np.random.default_rng(3)
    a = ViewGeometry((300, 400), (20, 30, 200, 180), (64, 96), True)
    b = ViewGeometry((300, 400), (50, 40, 180, 200), (96, 64))
    first, second = matched_boxes(a, b, numbers_from(rng), min_size=16)
    inside = ((first > 0) & (second > 0)).all(1)
    inside &= (first < [96, 64, 96, 64]).all(1)
    inside &= (second < [64, 96, 64, 96]).all(1)
    assert inside.any()
    assert np.allclose(
        a.unmap_boxes(first[inside]), b.unmap_boxes(second[inside]), atol=0.01
    )
    assert (first[:, 2:] <= (96, 64)).all() and (first >= 0).all()


def pipeline(key, **kwargs):
    view = dict(num=2, size=64, area=(0.2, 1.0))
    steps = [
        MultiView([view]),
        TRANSFORMS.build(dict(type='MatchedBoxes', min_size=16, **kwargs)),
        PackViews(keys=['boxes']),
    ]
    results = dict(img=np.zeros((90, 120, 3), np.uint8), key=key)
    for step in steps:
        results = step(results)
    return results['data_samples']


def test_boxes_travel_with_the_views_and_hang_on_the_key_alone():
    sample = pipeline((0, 0, 5))
    assert sample.boxes.shape == (2, 10, 4)
    assert np.array_equal(sample.boxes, pipeline((0, 0, 5)).boxes)
    assert not np.array_equal(sample.boxes, pipeline((0, 1, 5)).boxes)
    plain = MultiView([dict(num=2, size=64, area=(0.2, 1.0))])(
        dict(img=np.zeros((90, 120, 3), np.uint8), key=(0, 0, 5))
    )
    assert sample.views == plain['geometry']  # cut as without boxes


def test_a_sample_without_a_key_draws_from_torchs_generator():
    torch.manual_seed(0)
    first, second = pipeline(None).boxes, pipeline(None).boxes
    assert not np.array_equal(first, second)
    torch.manual_seed(0)
    assert np.array_equal(first, pipeline(None).boxes)


def test_jitter_moves_the_second_box_only():
    still, moved = pipeline((0, 0, 5)), pipeline((0, 0, 5), jitter=0.1)
    assert np.array_equal(still.boxes[0], moved.boxes[0])
    difference = np.abs(still.boxes[1] - moved.boxes[1]).max()
    assert 0 < difference < 0.25 * 64


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(min_size=0), 'min_size must be >= 1, got 0'),
        (dict(num_boxes=0), 'num_boxes must be >= 1, got 0'),
        (dict(max_tries=0), 'max_tries must be >= 1, got 0'),
        (dict(iou_thr=0), r'iou_thr must be in \(0, 1\], got 0'),
        (dict(jitter=1), r'jitter must be in \[0, 1\), got 1'),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MatchedBoxes(**settings)


def test_what_cannot_have_boxes_is_refused_in_one_sentence():
    boxes = MatchedBoxes()
    view = ViewGeometry((90, 120), (0, 0, 90, 90), (32, 32))
    with pytest.raises(ValueError, match='exactly 2 views, got 0; put it'):
        boxes({})
    with pytest.raises(ValueError, match='exactly 2 views, got 3; put it'):
        boxes(dict(geometry=[view] * 3))
    with pytest.raises(ValueError, match='min_size=32 .* views of 32 pixels'):
        boxes(dict(geometry=[view] * 2))
