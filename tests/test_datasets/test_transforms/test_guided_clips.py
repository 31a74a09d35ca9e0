# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clips for Dense-VOS: the same numbers for all frames, and the view's map."""

import numpy as np
import pytest
import torch
from golden import load_golden

from mmssl.datasets.transforms import (
    ClipCrop,
    ClipFlip,
    ClipResizeShortEdge,
    GuidedParams,
    GuidedView,
    PackClipViews,
    draw_guided,
    guided_affine,
    guided_view,
)
from mmssl.models.algorithms.dense_vos import warp
from mmssl.registry import TRANSFORMS
from mmssl.structures import short_edge_size


def clip(frames=3, size=(40, 60), seed=0):
    """Entries of a sample with random frames."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (frames, *size, 3), np.uint8)
    return dict(frames=pixels, rng=rng)


@pytest.mark.parametrize('case', range(4))
def test_view_and_map_are_those_of_the_authors(case):
    golden = load_golden('dense_vos/guided_view.npz')
    image = golden[f'image_{case}'].numpy()
    params = GuidedParams(
        golden[f'flip_{case}'].item() < 0,
        golden[f'scale_{case}'].item(),
        tuple(golden[f'crop_ijhw_{case}'].tolist()),
    )
    # Two frames: every frame gets the same numbers.
    first, second = guided_view(np.stack([image, 255 - image]), params)
    reference = golden[f'view_{case}'].numpy().astype(int)
    assert np.abs(first - reference).max() <= 1
    assert np.abs(255 - second.astype(int) - reference).max() <= 1
    affine = torch.from_numpy(guided_affine(params, image.shape[:2]))
    reference = golden[f'affine_inv_{case}'].float()
    torch.testing.assert_close(affine, reference, rtol=1e-6, atol=1e-6)
    plain = torch.from_numpy(image).permute(2, 0, 1)[None].double()
    aligned = warp(plain, affine.double()[None])[0].permute(1, 2, 0)
    nearest = golden[f'aligned_nearest_{case}'].double()
    # Half-way cells may fall to the other side in float32.
    assert ((aligned - nearest).abs().amax(-1) > 0).double().mean() < 0.01
    apart = (aligned - torch.from_numpy(first)).abs().mean()
    unwarped = (plain[0].permute(1, 2, 0) - torch.from_numpy(first)).abs()
    assert apart < 6 < 30 < unwarped.mean()


def test_windows_lie_inside_and_reach_every_border():
    rng = np.random.default_rng(0)
    size = 30, 50
    drawn = [draw_guided(rng.random(4), size, (0.5, 1.0)) for _ in range(2000)]
    ends = {'top': 0, 'left': 0, 'bottom': 0, 'right': 0}
    for params in drawn:
        y, x, height, width = params.window
        assert height == int(params.share * 30) and height >= 15
        assert width == int(params.share * 50)
        assert 0 <= y <= 30 - height and 0 <= x <= 50 - width
        ends['top'] += y == 0
        ends['left'] += x == 0
        ends['bottom'] += y == 30 - height
        ends['right'] += x == 50 - width
    assert min(ends.values()) > 50
    share = np.mean([params.share for params in drawn])
    assert share == pytest.approx(0.75, abs=0.02)
    assert np.mean([params.flip for params in drawn]) == pytest.approx(
        0.5, abs=0.05
    )


def test_short_edges():
    assert short_edge_size((480, 854), 256) == (256, 455)
    assert short_edge_size((854, 480), 256) == (455, 256)
    assert short_edge_size((48, 48), 32) == (32, 32)
    results = ClipResizeShortEdge(20, 30)(clip())
    _, height, width, _ = results['frames'].shape
    assert 20 <= height < 30 and width == int(height * 60 / 40)
    assert ClipResizeShortEdge(24)(clip())['frames'].shape[1:3] == (24, 36)


def test_all_frames_are_cut_and_mirrored_together():
    sample = clip()
    sample['frames'][:] = sample['frames'][:1]
    steps = [ClipResizeShortEdge(30, 40), ClipCrop(24), ClipFlip(0.5)]
    for step in [*steps, GuidedView()]:
        sample = step(sample)
    for key in ('frames', 'guided'):
        assert sample[key].shape == (3, 24, 24, 3)
        assert (sample[key] == sample[key][:1]).all()


def test_the_middle_is_cut_and_small_frames_get_borders():
    sample = clip(size=(20, 60))
    pixels = sample['frames']
    cut = ClipCrop(32, random=False)(sample)['frames']
    assert cut.shape == (3, 32, 32, 3)
    np.testing.assert_array_equal(cut[:, 6:26], pixels[:, :, 14:46])
    assert not cut[:, :6].any() and not cut[:, 26:].any()


def test_flips():
    pixels = clip()['frames']
    np.testing.assert_array_equal(
        ClipFlip(1.0)(clip())['frames'], pixels[:, :, ::-1]
    )
    assert (ClipFlip(0.0)(clip())['frames'] == pixels).all()


def test_without_zoom_and_flip_the_views_are_equal():
    view = GuidedView(share=(1.0, 1.0), flip_prob=0.0)
    sample = view(clip(size=(32, 32)))
    np.testing.assert_array_equal(sample['guided'], sample['frames'])
    np.testing.assert_array_equal(sample['affine'], np.eye(2, 3))


def test_packing():
    sample = GuidedView()(clip())
    sample.update(sample_idx=7, path='a', frame_ids=np.arange(3))
    packed = PackClipViews()(sample)
    main, guided = packed['inputs']
    assert main.shape == guided.shape == (3, 3, 40, 60)
    assert main.dtype == torch.uint8 and main.is_contiguous()
    np.testing.assert_array_equal(
        main.permute(1, 2, 3, 0).numpy(), sample['frames']
    )
    found = packed['data_samples']
    assert found.sample_idx == 7 and found.path == 'a'
    assert found.affine.shape == (2, 3) and found.affine.dtype == np.float32
    assert len(PackClipViews()(clip())['inputs']) == 1


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(type='ClipResizeShortEdge', low=0), '1 <= low <= high'),
        (dict(type='ClipResizeShortEdge', low=9, high=8), 'got 9 and 8'),
        (dict(type='ClipCrop', size=0), 'size must be >= 1, got 0'),
        (dict(type='ClipFlip', prob=2), r'prob must be in \[0, 1\], got 2'),
        (dict(type='GuidedView', share=(0, 1)), r'share=\(0, 1\)'),
        (dict(type='GuidedView', share=(0.9, 0.5)), 'share must be a range'),
        (dict(type='GuidedView', flip_prob=-1), 'flip_prob=-1'),
    ],
)
def test_settings_outside_their_range(settings, message):
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(settings)
