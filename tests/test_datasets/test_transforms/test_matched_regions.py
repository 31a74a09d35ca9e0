# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Regions of ORL: recorded draws, statistics, what reaches a sample."""

import cv2
import numpy as np
import pytest
from golden import load_golden

from mmssl.datasets.transforms import (
    DataError,
    MatchedRegions,
    MultiView,
    PackViews,
    PictureRegions,
    jitter_region,
)
from mmssl.structures import pairwise_iou, xywh_to_xyxy


def golden(prefix):
    found = load_golden('orl/intra_box_augment.npz', prefix)
    return {k: v.numpy() for k, v in found.items()}


@pytest.mark.parametrize('case', ['a', 'noiou'])
def test_recorded_draws_move_boxes_as_the_authors_code(case):
    g = golden(f'{case}_')
    ends = np.cumsum(g['n_draws'])
    for box, (width, height), out, start, stop in zip(
        g['box_xywh'], g['img_wh'], g['out_xywh'], ends - g['n_draws'], ends,
        strict=True,
    ):  # fmt: skip
        draws = g['draws'][start:stop].reshape(-1, 4)
        found = jitter_region(box, (height, width), draws, g['params'][6])
        assert found == tuple(out.tolist())


def test_statistics_of_moved_boxes_are_the_published_ones():
    g = golden('stat_')
    rng = np.random.default_rng(0)
    settings = MatchedRegions([dict(size=8)] * 2)
    boxes, moved = [], []
    for _ in range(20_000):
        w, h = rng.integers(96, 300, 2)
        x, y = rng.integers(0, 640 - w + 1), rng.integers(0, 480 - h + 1)
        draws = rng.uniform(settings.low, settings.high, (200, 4))
        boxes.append((x, y, w, h))
        moved.append(jitter_region(boxes[-1], (480, 640), draws))
    boxes, moved = np.array(boxes), np.array(moved)
    a, b = xywh_to_xyxy(boxes), xywh_to_xyxy(moved)
    iou = np.concatenate([
        np.diag(pairwise_iou(a[i : i + 200], b[i : i + 200]))
        for i in range(0, len(a), 200)
    ])  # fmt: skip
    assert (b[:, :2] >= 0).all() and (b[:, 2:] <= [640, 480]).all()
    same = (boxes == moved).all(1)
    assert (iou[~same] > 0.5).all() and same.mean() < 0.002
    ratio = (moved[:, 2] * moved[:, 3]) / (boxes[:, 2] * boxes[:, 3])
    assert abs(iou.mean() / g['mean_iou'] - 1) < 0.02
    assert abs(ratio.mean() / g['mean_area_ratio'] - 1) < 0.02
    quantiles = np.quantile(iou, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert (abs(quantiles / g['iou_quantiles'] - 1) < 0.02).all()


def picture(value, size=(60, 80)):
    img = np.zeros((*size, 3), np.uint8)
    img[...] = value
    return img


def sample(key=(0, 0, 0), pairs=None, img=None, **regions):
    """Results as a dataset and MultiView leave them."""
    _, png = cv2.imencode('.png', picture((30, 20, 10)))  # BGR
    results = dict(
        img=picture((1, 2, 3)) if img is None else img,
        sample_idx=4,
        path='here.png',
        key=key,
        regions=PictureRegions(
            **{
                **dict(
                    boxes=np.array([[5, 6, 40, 30], [30, 10, 32, 40]]),
                    neighbours=[7, 9],
                    pairs_of=lambda rank: np.array(
                        pairs or [[5, 6, 40, 30, 1, 2, 20 + rank, 30]]
                    ),
                    read=lambda position: dict(
                        path=f'{position}.png', img_bytes=png.tobytes()
                    ),
                ),
                **regions,
            }
        ),
    )
    return MultiView([dict(num=2, size=16)])(results)


def regions(**kwargs):
    kwargs = dict(neighbours=2) | kwargs
    return MatchedRegions([dict(size=8, flip_prob=0.0)] * 2, **kwargs)


def test_four_views_of_the_right_regions_are_appended():
    ranks = set()
    for epoch in range(8):
        results = regions()(sample((0, epoch, 0)))
        views, geometry = results['views'], results['geometry']
        assert [view.shape[0] for view in views] == [16, 16, 8, 8, 8, 8]
        crops = [record.crop for record in geometry[2:]]
        assert crops[0] in [(5, 6, 40, 30), (30, 10, 32, 40)]
        a, b = (xywh_to_xyxy(np.array([crop])) for crop in crops[:2])
        iou = pairwise_iou(a, b)
        assert iou > 0.5
        assert crops[2] == (5, 6, 40, 30)
        rank = crops[3][2] - 20
        ranks.add(rank)
        assert results['view_sources'] == [4] * 5 + [(7, 9)[rank]]
        assert (views[4] == (1, 2, 3)).all()
        assert (views[5] == (10, 20, 30)).all()
    assert ranks == {0, 1}


def test_the_same_key_gives_the_same_regions_and_the_views_stay_theirs():
    one, other = (regions()(sample()) for _ in range(2))
    assert one['geometry'] == other['geometry']
    alone = sample()
    assert one['geometry'][:2] == alone['geometry']
    packed = PackViews(keys=['view_sources'])(one)
    assert len(packed['inputs']) == 6
    assert packed['data_samples'].view_sources[:5] == [4] * 5


def test_bad_settings_and_files_are_refused():
    with pytest.raises(ValueError, match='needs 2 views, got 1'):
        MatchedRegions([dict(size=8)])
    with pytest.raises(ValueError, match='area must be'):
        regions(area=(0, 2))
    with pytest.raises(ValueError, match='neighbours >= 1'):
        regions(neighbours=0)
    with pytest.raises(DataError, match=r'neighbours=3 .* holds 2'):
        regions(neighbours=3)(sample())
    outside = [[5, 6, 40, 30, 60, 0, 21, 30]]
    with pytest.raises(DataError, match=r'60, 0, 21, 30 lies outside \d.png'):
        regions()(sample(pairs=outside))
    with pytest.raises(DataError, match='lies outside here.png, .* 20 x 10'):
        regions()(sample(img=picture(0, (10, 20))))
