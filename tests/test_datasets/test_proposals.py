# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Proposals of ORL against recorded values, and their properties."""

import numpy as np
import pytest
from golden import load_golden

from mmssl.datasets import proposals
from mmssl.datasets.proposals import (
    filter_proposals,
    grid_proposals,
    kept_proposals,
    selective_search,
    sort_proposals,
)
from mmssl.structures import pairwise_iou, xywh_to_xyxy
from mmssl.utils.errors import UsageError

NAMES = ('min_size', 'max_ratio', 'top_n', 'max_iou')


def random_boxes(count, seed=0):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 300, (count, 2))
    return np.concatenate([corners, rng.integers(20, 320, (count, 2))], 1)


def plain_filter(boxes, min_size=96, max_ratio=3, max_iou=0.5, top_n=100):
    """The rules, box by box, as the authors' code has them."""
    kept = []
    for place, (x, y, w, h) in enumerate(boxes.tolist()):
        if w < min_size or h < min_size:
            continue
        if w / h > max_ratio or h / w > max_ratio:
            continue
        for other in kept:
            x2, y2, w2, h2 = boxes[other].tolist()
            width = min(x + w, x2 + w2) - max(x, x2)
            height = min(y + h, y2 + h2) - max(y, y2)
            shared = max(width, 0) * max(height, 0)
            if shared / (w * h + w2 * h2 - shared) > max_iou:
                break
        else:
            kept.append(place)
    return (kept or [0])[:top_n]


@pytest.mark.parametrize('case', ['default', 'top5', 'small', 'fallback'])
def test_the_authors_keep_the_same_boxes(case):
    g = load_golden('orl/box_filter.npz', f'{case}_')
    rules = dict(zip(NAMES, g['params'].tolist(), strict=True))
    rules['top_n'] = int(rules['top_n'])
    kept = filter_proposals(g['boxes_xywh'].numpy(), **rules)
    assert kept.tolist() == g['kept_index'].tolist()


def test_overlaps_are_the_authors():
    g = {k: v.numpy() for k, v in load_golden('orl/box_filter.npz').items()}
    iou = pairwise_iou(xywh_to_xyxy(g['iou_a']), xywh_to_xyxy(g['iou_b']))
    assert abs(np.diag(iou) - g['iou']).max() < 1e-12
    iou = pairwise_iou(
        xywh_to_xyxy(g['max_iou_box']), xywh_to_xyxy(g['max_iou_set'])
    )
    assert abs(iou.max(1) - g['max_iou']).max() < 1e-12


@pytest.mark.parametrize('seed', range(5))
def test_the_filter_is_the_walk_over_the_list(seed):
    boxes = random_boxes(400, seed)
    kept = filter_proposals(boxes)
    assert kept.tolist() == plain_filter(boxes)
    chosen = boxes[kept]
    again = filter_proposals(chosen)
    assert len(again) == len(chosen)  # idempotent
    iou = pairwise_iou(xywh_to_xyxy(chosen), xywh_to_xyxy(chosen))
    assert np.triu(iou, 1).max() <= 0.5
    ratio = chosen[:, 2] / chosen[:, 3]
    assert chosen[:, 2:].min() >= 96
    assert ratio.max() <= 3 and ratio.min() >= 1 / 3
    sides = boxes[:, 2:]
    fits = (sides.min(1) >= 96) & (sides.max(1) <= 3 * sides.min(1))
    assert kept[0] == fits.argmax()


def test_without_an_admissible_box_the_first_is_kept_and_without_any_all():
    small = np.array([[3, 4, 20, 10], [0, 0, 30, 30]])
    assert kept_proposals(small, (50, 60)).tolist() == [[3, 4, 20, 10]]
    none = kept_proposals(np.zeros((0, 4), int), (50, 60))
    assert none.tolist() == [[0, 0, 60, 50]] and none.dtype == np.int16
    with pytest.raises(ValueError, match='take the whole picture'):
        filter_proposals(np.zeros((0, 4)))


def test_the_grid_is_inside_the_picture_sorted_and_has_no_box_twice():
    boxes = grid_proposals(np.zeros((120, 200, 3), np.uint8))
    assert len(np.unique(boxes, axis=0)) == len(boxes) == 256
    assert boxes[0].tolist() == [0, 0, 200, 120]
    assert (boxes >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= [200, 120]).all()
    areas = boxes[:, 2] * boxes[:, 3]
    assert (np.diff(areas) <= 0).all()
    assert np.array_equal(sort_proposals(boxes[::-1]), boxes)
    tiny = grid_proposals(np.zeros((2, 3, 3), np.uint8))
    assert (tiny[:, 2:] >= 1).all()


def test_selective_search_gives_the_same_boxes_again():
    img = np.full((96, 128, 3), 60, np.uint8)
    img[20:60, 30:80] = (200, 40, 40)
    img[50:90, 70:120] = (40, 200, 90)
    boxes = selective_search(img)
    for _ in range(3):  # OpenCV's own order changes from call to call
        assert np.array_equal(selective_search(img), boxes)
    wanted = xywh_to_xyxy(np.array([[30, 20, 50, 40], [70, 50, 50, 40]]))
    iou = pairwise_iou(wanted, xywh_to_xyxy(boxes))
    assert iou.max(1).min() > 0.7


def test_an_opencv_without_contributed_modules_is_named(monkeypatch):
    monkeypatch.delattr(proposals.cv2, 'ximgproc')
    with pytest.raises(UsageError, match='opencv-contrib-python-headless'):
        selective_search(np.zeros((8, 8, 3), np.uint8))
