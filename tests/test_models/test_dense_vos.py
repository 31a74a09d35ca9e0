# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The losses of Dense-VOS, as the authors' code computes them."""

import math

import pytest
import torch
import torch.nn.functional as F
from golden import assert_golden, load_golden

from mmssl.models.algorithms.dense_vos import (
    cells_at,
    cross_view_loss,
    dense_vos_losses,
    guided_affines,
    pseudo_labels,
    sample_grid,
    space_time_errors,
    warp,
)

both = pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
cases = pytest.mark.parametrize('name', ['loss_small', 'loss_default_grid'])


def inputs_of(case, dtype):
    """Raw leaves of both views; their unit features, affines and cells."""
    raw = [
        case[key].to(dtype).requires_grad_() for key in ('frames1', 'frames2')
    ]
    main, guided = (F.normalize(x, dim=2) for x in raw)
    affine = case['affine_main'].to(dtype)
    index = [case[key].flatten(1) for key in ('anchor_index', 'ref_index')]
    return raw, (main, guided, affine, *index)


def relative(value, reference, tolerance):
    reference = reference.double()
    error = (value.detach().double() - reference).abs().max()
    assert error <= tolerance * reference.abs().max(), error


@both
@cases
def test_losses_and_gradients(name, dtype):
    case = load_golden(f'dense_vos/{name}.npz')
    raw, inputs = inputs_of(case, dtype)
    losses = dense_vos_losses(
        *inputs, case['temperature'].item(), case['lambda_cv'].item()
    )
    tolerance = 1e-5 if dtype is torch.float32 else 1e-10
    relative(losses['loss_space_time'], case['loss_temporal'], tolerance)
    relative(
        losses['loss_cross_view'],
        case['lambda_cv'] * case['loss_cross_view'],
        tolerance,
    )
    total = sum(losses.values())
    relative(total, case['loss_total'], tolerance)
    total.backward()
    # The recorded gradients are float32.
    relative(raw[0].grad, case['grad_frames1'], 1e-5)
    relative(raw[1].grad[:, 0], case['grad_frames2_first'], 1e-5)
    assert not raw[1].grad[:, 1:].any()


@both
@cases
def test_labels_and_errors_of_all_frames(name, dtype):
    case = load_golden(f'dense_vos/{name}.npz')
    _, (main, guided, affine, index, _) = inputs_of(case, dtype)
    anchors = cells_at(main[:, 0], index)
    labels = pseudo_labels(guided, anchors)
    assert torch.equal(labels, case['pseudo_label'].long())
    frames = main.shape[1]
    warped = [warp(main[:, t], affine) for t in range(frames)]
    own = pseudo_labels(torch.stack(warped, 1), anchors)
    assert torch.equal(own, case['own_view_label'].long())
    errors = space_time_errors(main, affine, anchors, labels)
    assert_golden(errors, case['error_map'], 1e-5)


@pytest.mark.parametrize('case', [0, 1])
def test_affines(case):
    golden = load_golden('dense_vos/affine.npz')
    params = golden[f'params_{case}']
    theta, inverse = guided_affines(
        params[:, :2],
        params[:, 3],
        params[:, 4],
        tuple(golden[f'crop_size_{case}'].tolist()),
    )
    assert_golden(theta, golden[f'affine_{case}'], 1e-6)
    assert_golden(inverse, golden[f'affine_inv_{case}'], 1e-6)


def test_permuted_clips_give_the_same_losses():
    case = load_golden('dense_vos/loss_small.npz')
    _, inputs = inputs_of(case, torch.float64)
    losses = dense_vos_losses(*inputs)
    swapped = dense_vos_losses(*(x.flip(0) for x in inputs))
    for key, value in losses.items():
        torch.testing.assert_close(swapped[key], value)


def test_identical_views_label_anchors_with_themselves():
    random = torch.Generator().manual_seed(0)
    clips = F.normalize(torch.randn(2, 1, 9, 8, 8, generator=random), dim=2)
    index = sample_grid(2, (8, 8), 4, random)
    labels = pseudo_labels(clips, cells_at(clips[:, 0], index))
    found = labels.flatten(1).gather(1, index)
    assert found.flatten().tolist() == list(range(32))
    identity = torch.eye(2, 3).expand(2, -1, -1)
    assert torch.equal(warp(clips[:, 0], identity), clips[:, 0])


def test_the_cross_view_loss_of_orthonormal_features():
    maps = torch.eye(16).view(1, 4, 4, 16).movedim(3, 1).double()
    index = torch.arange(16)[None]
    loss = cross_view_loss(maps, maps, index, 0.5)
    assert loss.item() == pytest.approx(math.log1p(15 * math.exp(-2)))


def test_the_grid_has_one_offset_for_each_clip():
    index = sample_grid(200, (8, 12), 4, torch.Generator().manual_seed(0))
    y, x = (index // 12).view(-1, 4, 4), (index % 12).view(-1, 4, 4)
    assert (y.diff(dim=1) == 2).all() and (x.diff(dim=2) == 3).all()
    assert not y.diff(dim=2).any() and not x.diff(dim=1).any()
    assert set(y[:, 0, 0].tolist()) == {0, 1}
    assert set(x[:, 0, 0].tolist()) == {0, 1, 2}
    again = sample_grid(200, (8, 12), 4, torch.Generator().manual_seed(0))
    assert torch.equal(index, again)


def test_half_precision_is_computed_in_float32():
    case = load_golden('dense_vos/loss_small.npz')
    _, inputs = inputs_of(case, torch.float32)
    anchors = cells_at(inputs[0][:, 0], inputs[3])
    labels = pseudo_labels(inputs[1], anchors)
    errors = space_time_errors(
        inputs[0].bfloat16(), inputs[2], anchors.bfloat16(), labels
    )
    assert errors.dtype == torch.float32


def test_shapes_and_settings_that_do_not_fit():
    with pytest.raises(ValueError, match='grid of 3 .* 8 x 9 cells'):
        sample_grid(2, (8, 9), 3)
    clips = torch.ones(1, 2, 3, 4, 4)
    identity = torch.eye(2, 3)[None]
    index = torch.zeros(1, 1, dtype=torch.long)
    with pytest.raises(ValueError, match='at least 2 frames'):
        dense_vos_losses(clips[:, :1], clips[:, :1], identity, index, index)
    with pytest.raises(ValueError, match=r'and \(1, 2, 2, 4, 4\)'):
        dense_vos_losses(clips, clips[:, :, :2], identity, index, index)
    with pytest.raises(ValueError, match='temperature'):
        dense_vos_losses(clips, clips, identity, index, index, 0.0)
