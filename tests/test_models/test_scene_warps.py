# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Warps of the scene: what is drawn, what is moved, what is refused."""

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.models.layers import (
    AffineWarp,
    SpatialLocalWarp,
    ThinPlateSplineWarp,
)
from mmssl.registry import MODELS

CLIPS = torch.randn(3, 2, 4, 56, 56, generator=torch.Generator())
WARPS = ('SpatialLocalWarp', 'ThinPlateSplineWarp', 'AffineWarp')


@pytest.mark.parametrize('name', WARPS)
def test_frames_of_a_clip_are_moved_alike_and_at_random(name):
    warp = MODELS.build(dict(type=name))
    still = CLIPS[:, :, :1].expand(CLIPS.shape).clone()
    torch.manual_seed(0)
    first = warp(still)
    assert (first == first[:, :, :1]).all()
    assert not torch.equal(first, still)
    assert not torch.equal(warp(still), first)
    torch.manual_seed(0)
    assert torch.equal(warp(still), first)


def test_given_warps_are_the_authors():
    g = load_golden('dsm/spatial_warp.npz')
    warps = g['params_x_y_dx_dy'].tolist()
    assert torch.equal(SpatialLocalWarp()(g['x'], warps), g['out'])
    g = load_golden('dsm/tps_warp.npz')
    spline = ThinPlateSplineWarp()
    assert torch.equal(spline.target, g['target_control_points'])
    out = spline(g['x'], g['source_control_points'])
    assert_golden(out, g['out'], 1e-4)


def test_ranges_are_of_224_pixels_and_shrink_with_the_picture():
    warp = SpatialLocalWarp()
    for size, low, high, least, most in (
        (224, 60, 140, 10, 20), (112, 30, 70, 5, 10), (56, 15, 35, 2, 5),
    ):  # fmt: skip
        drawn = [each for _ in range(400) for each in warp.draw(size)]
        places = torch.tensor(drawn)[:, :2]
        shifts = torch.tensor(drawn)[:, 2:]
        assert (places.min(), places.max()) == (low, high - 1)
        assert (shifts.min(), shifts.max()) == (least, most - 1)
    counts = {len(warp.draw(224)) for _ in range(100)}
    assert counts == {1, 2, 3}
    as_published = SpatialLocalWarp(ref_size=None).draw(112)
    assert all(60 <= px < 140 and dx >= 10 for px, _, dx, _ in as_published)


def test_one_set_of_numbers_for_the_batch_or_one_for_each_clip():
    same = CLIPS[:1].expand(CLIPS.shape).clone()
    shared = SpatialLocalWarp()(same)
    assert (shared == shared[:1]).all()
    own = SpatialLocalWarp(per_sample=True)(same)
    assert not torch.equal(own[0], own[1])


def test_an_affine_warp_of_given_maps_is_what_they_say():
    clips = torch.randn(2, 3, 2, 9, 9)
    maps = torch.tensor([[[1.0, 0, 0], [0, 1, 0]], [[0, -1.0, 0], [1, 0, 0]]])
    warped = AffineWarp()(clips, maps)
    assert torch.allclose(warped[0], clips[0], atol=1e-5)
    turned = clips[1].rot90(dims=(-2, -1))
    back = clips[1].rot90(-1, dims=(-2, -1))
    found = [torch.allclose(warped[1], t, atol=1e-5) for t in (turned, back)]
    assert sorted(found) == [False, True]


def test_affine_maps_scale_by_the_factor_itself():
    warp = AffineWarp(degrees=0, shift=0, shear=0, scale=(0.5, 2.0))
    maps = warp.draw(2000)
    factor = 1 / maps[:, 0, 0]
    assert 0.5 <= factor.min() < 0.55 and 1.95 < factor.max() <= 2.0001
    assert torch.equal(maps[:, 0, 0], maps[:, 1, 1])
    assert (maps[:, [0, 1], [1, 0]] == 0).all()


def test_a_warp_outside_the_picture_is_said_once(monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmssl.models.layers.scene_warps.print_log',
        lambda text, **kwargs: said.append(text),
    )
    warp = SpatialLocalWarp(center=(130, 140), shift=(10, 11), ref_size=None)
    assert torch.equal(warp(CLIPS), CLIPS)
    assert torch.equal(warp(CLIPS), CLIPS)
    assert len(said) == 1
    assert 'lies outside frames of 56 x 56 and moves nothing' in said[0]


@pytest.mark.parametrize(
    ('name', 'settings', 'words'),
    [
        ('SpatialLocalWarp', dict(center=(5, 5)), 'center and shift must be'),
        ('SpatialLocalWarp', dict(shift=(0, 5)), 'low of shift > 0'),
        ('SpatialLocalWarp', dict(num=(0, 1)), 'num must be .low, high.'),
        ('ThinPlateSplineWarp', dict(points=1), 'points must be >= 2'),
        ('AffineWarp', dict(scale=(0, 1)), '0 < low <= high'),
    ],
)
def test_settings_outside_their_range_are_refused(name, settings, words):
    with pytest.raises(ValueError, match=words):
        MODELS.build(dict(type=name, **settings))


def test_frames_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match='square frames.*got 48 x 56'):
        SpatialLocalWarp()(CLIPS[..., :48, :])
