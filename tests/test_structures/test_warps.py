# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pixels of a clip moved by one rule: the authors' values, and the rules."""

import math

import pytest
import torch
from golden import assert_golden, load_golden

from mmssl.structures import (
    flow_sample,
    flow_splat,
    local_warp_index,
    move_pixels,
    pixel_grid,
    sample_clip,
    thin_plate_grid,
)


@pytest.mark.parametrize('name', ['spatial_warp', 'spatial_warp_composed'])
def test_local_warps_are_the_authors_to_the_pixel(name):
    g = load_golden(f'dsm/{name}.npz')
    warps = g['params_x_y_dx_dy'].tolist()
    index = local_warp_index(tuple(g['x'].shape[-2:]), warps)
    assert torch.equal(index, g['index_map'].long())
    assert torch.equal(move_pixels(g['x'], index), g['out'])


def slow_warp(clip, px, py, dx, dy):
    """The published loop over pixels."""
    out = clip.clone()
    height, width = clip.shape[-2:]
    norm = math.hypot(dx, dy)
    for i in range(max(0, px - 3 * dx), min(width, px + 3 * dx)):
        for j in range(max(0, py - 3 * dy), min(height, py + 3 * dy)):
            r = math.hypot(i - px - dx, j - py - dy) / norm
            w = 0.5 / (3 * r**4 + 1)
            row = min(max(i + int(-w * dx), 0), height - 1)
            column = min(max(j + int(-w * dy), 0), width - 1)
            out[..., i, j] = clip[..., row, column]
    return out


@pytest.mark.parametrize('seed', range(4))
def test_the_index_is_the_published_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    clip = torch.randint(256, (2, 3, 2, 60, 60), generator=generator)
    place = torch.randint(0, 60, (2,), generator=generator).tolist()
    shift = torch.randint(1, 14, (2,), generator=generator).tolist()
    index = local_warp_index((60, 60), [(*place, *shift)])
    expected = slow_warp(clip, *place, *shift)
    assert torch.equal(move_pixels(clip, index), expected)


def test_warps_follow_one_another_and_each_clip_may_have_its_own():
    clip = torch.randn(2, 1, 3, 40, 40)
    one, other = (12, 20, 6, 4), (18, 16, 3, 7)
    both = move_pixels(clip, local_warp_index((40, 40), [one, other]))
    for warp in (one, other):
        clip_before, clip = clip, slow_warp(clip, *warp)
        index = local_warp_index((40, 40), [warp])
        assert torch.equal(move_pixels(clip_before, index), clip)
    assert torch.equal(both, clip)
    pair = torch.stack([local_warp_index((40, 40), [w]) for w in (one, other)])
    moved = move_pixels(clip, pair)
    assert torch.equal(moved[:1], slow_warp(clip[:1], *one))
    assert torch.equal(moved[1:], slow_warp(clip[1:], *other))


def test_in_place_gives_the_same_and_changes_the_clip():
    clip = torch.randn(2, 3, 4, 40, 40)
    index = local_warp_index((40, 40), [(12, 20, 6, 4), (18, 16, 3, 7)])
    copied = move_pixels(clip, index)
    assert not torch.equal(copied, clip)
    moved = move_pixels(clip, index, inplace=True)
    assert moved.data_ptr() == clip.data_ptr()
    assert torch.equal(clip, copied)


def test_no_pixel_moves_further_than_half_the_shift():
    index = local_warp_index((224, 224), [(100, 100, 19, 19)])
    y, x = index // 224, index % 224
    rows, columns = torch.meshgrid(*[torch.arange(224)] * 2, indexing='ij')
    moved = torch.stack([y - rows, x - columns]).abs()
    assert moved.max() == 9
    outside = (rows < 43) | (rows >= 157) | (columns < 43) | (columns >= 157)
    assert (moved[:, outside] == 0).all()


def test_a_warp_commutes_with_differences_of_frames():
    clip = torch.randint(256, (1, 3, 4, 50, 50))
    clip[:, :, 1] = clip[:, :, 0]
    index = local_warp_index((50, 50), [(20, 25, 8, 6), (15, 12, 5, 9)])
    moved = move_pixels(clip, index)
    assert torch.equal(moved[:, :, 0], moved[:, :, 1])
    assert torch.equal(move_pixels(clip.diff(dim=2), index), moved.diff(dim=2))


def test_the_spline_is_the_authors():
    g = load_golden('dsm/tps_warp.npz')
    target, source = g['target_control_points'], g['source_control_points']
    grid = thin_plate_grid(target, source, (24, 32))
    assert_golden(grid, g['grid'][0], 1e-4)
    assert_golden(sample_clip(g['x'], grid), g['out'], 1e-4)
    still = thin_plate_grid(target, target, (24, 32))
    assert_golden(still, g['identity_grid'][0], 1e-4)
    assert_golden(still, pixel_grid((24, 32)), 1e-6)
    assert_golden(sample_clip(g['x'], still), g['x'], 1e-4)


def test_flow_warps_are_the_authors():
    g = load_golden('dsm/flow_warp.npz')
    frames = g['image'].float().permute(2, 0, 1)[None]
    flow = g['flow'].permute(2, 0, 1)[None]
    for key, factor in (
        ('backward', 1.0), ('backward_x0.5', 0.5), ('backward_x2.0', 2.0),
    ):  # fmt: skip
        warped = flow_sample(frames, flow, factor)[0].permute(1, 2, 0)
        assert (warped - g[key]).abs().max() < 0.05  # remap's fixed point
    for key, nearest in (('forward_bilinear', False), ('forward_nearest', 1)):
        splat = flow_splat(frames, flow, nearest=bool(nearest))
        assert (splat - g[key]).abs().max() < 1e-3


def test_a_whole_flow_shifts_either_way():
    frames = torch.randn(2, 3, 5, 6)
    flow = torch.zeros(2, 2, 5, 6)
    flow[0, 0], flow[1, 1] = 1.0, -2.0
    looked = flow_sample(frames, flow)
    thrown = flow_splat(frames, flow, nearest=True)
    expected = torch.zeros_like(frames)
    expected[0, :, :, 1:] = frames[0, :, :, :-1]
    expected[1, :, :-2] = frames[1, :, 2:]
    assert torch.allclose(looked, expected, atol=1e-5)
    assert torch.equal(thrown, expected)
    half = flow_sample(frames, flow, 0.5)[1]
    assert torch.allclose(half[:, :-1], frames[1, :, 1:], atol=1e-5)
