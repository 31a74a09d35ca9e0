# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Maps of motion vectors against CoViAR's rasteriser and written-out rules."""

import numpy as np
import pytest
from golden import ROOT

from mmssl.datasets.transforms import motion_vectors as mv

RNG = np.random.default_rng(0)


@pytest.fixture(scope='module')
def dense():
    return dict(np.load(ROOT / 'cmd/mv_dense.npz'))


def tables(dense):
    return [dense[f'mvs_{i}'].astype(np.int16) for i in range(5)]


def test_maps_are_coviars(dense):
    for table, expected in zip(tables(dense), dense['dense'], strict=True):
        found = mv.dense_motion(table, 64, 96)
        assert found.dtype == np.int16
        np.testing.assert_array_equal(found, expected)


def test_accumulated_maps_are_coviars(dense):
    found = None
    maps = [mv.dense_motion(table, 64, 96) for table in tables(dense)]
    for motion, expected in zip(maps, dense['accumulated'], strict=True):
        found = mv.accumulate_motion(motion, found)
        np.testing.assert_array_equal(found, expected)


def random_table(count, step, sizes=(8, 16)):
    """Blocks at multiples of a step, which may overlap."""
    table = np.zeros((count, 10), np.int16)
    table[:, 0] = -1
    table[:, 1:3] = RNG.choice(sizes, (count, 2))
    corner = RNG.integers(0, 48 // step, (count, 2)) * step
    table[:, 5:7] = corner + table[:, 1:3] // 2
    table[:, 3:5] = table[:, 5:7] - RNG.integers(-9, 10, (count, 2))
    return table


@pytest.mark.parametrize('step', [1, 4, 8, 16])
@pytest.mark.parametrize('count', [1, 3, 40])
def test_all_at_once_equals_pixel_by_pixel(count, step):
    for _ in range(5):
        table = random_table(count, step)
        expected = np.zeros((45, 60, 2), np.int16)
        for _, w, h, sx, sy, x, y, *_ in table.tolist():
            for px in range(x - w // 2, x + w // 2):
                for py in range(y - h // 2, y + h // 2):
                    ox, oy = px - (x - sx), py - (y - sy)
                    columns, rows = {px, ox}, {py, oy}
                    inside = columns <= set(range(60)) and rows <= set(
                        range(45)
                    )
                    if (x, y) != (sx, sy) and inside:
                        expected[py, px] = x - sx, y - sy
        found = mv.dense_motion(table, 45, 60)
        np.testing.assert_array_equal(found, expected)


def test_rows_into_the_future_are_left_out_or_turned():
    past = [-1, 16, 16, 6, 8, 8, 8, -8, 0, 4]
    ahead = [1, 16, 16, 11, 8, 8, 8, 12, 0, 4]  # at x = 11 in the future
    alone = [1, 16, 16, 20, 8, 24, 8, -16, 0, 4]
    table = np.array([past, ahead, alone], np.int16)
    motion = mv.dense_motion(table, 16, 32)
    assert (motion[:, 2:16] == (2, 0)).all() and not motion[:, 16:].any()
    motion = mv.dense_motion(table, 16, 32, future='negate')
    assert (motion[:, 2:16] == (2, 0)).all()
    assert (motion[:, 16:28] == (-4, 0)).all()
    with pytest.raises(ValueError, match="future must be one of .* 'twice'"):
        mv.dense_motion(table, 16, 32, future='twice')


def test_records_without_rows_are_an_empty_table():
    assert mv.motion_table(None).shape == (0, 10)
    assert not mv.dense_motion(mv.motion_table(None), 8, 8).any()


def test_views_of_maps_are_the_authors():
    g = dict(np.load(ROOT / 'cmd/mv_transforms.npz'))
    y, x, h, w = g['crop_y_x_h_w'].tolist()
    size = (int(g['out_size']),) * 2
    cut = mv.cut_maps(g['maps'], (x, y, w, h), size)
    np.testing.assert_allclose(cut, g['cropped'], atol=1e-5)
    cut = mv.cut_maps(g['maps'], (x, y, w, h), size, flip=True)
    np.testing.assert_allclose(cut, g['flipped'], atol=1e-5)
    np.testing.assert_allclose(
        mv.normalize_motion(cut), g['tensor'], atol=1e-5
    )
    scaled = mv.resize_maps(g['maps'], 28)
    top, left = (round((side - 24) / 2) for side in scaled.shape[1:3])
    cut = scaled[:, top : top + 24, left : left + 24]
    np.testing.assert_allclose(cut, g['rescale28_centercrop24'], atol=1e-5)


def test_switches_scale_and_turn_vectors():
    maps = np.full((1, 20, 40, 2), 4, np.int16)
    box, size = (0, 0, 40, 20), (10, 10)
    plain = mv.cut_maps(maps, box, size, flip=True)
    assert (plain == 4).all()
    cut = mv.cut_maps(
        maps, box, size, True, scale_vectors=True, flip_vectors=True
    )
    assert (cut[..., 0] == -1).all() and (cut[..., 1] == 2).all()


def test_median_motion_leaves_the_border_out():
    maps = np.zeros((1, 9, 9, 2))
    maps[:, 3:6, 3:6] = 3, -2
    assert mv.median_motion(maps, 3).tolist() == [[3, -2]]
    assert mv.median_motion(maps).tolist() == [[0, 0]]
