# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Dense-VOS: losses and network are those of the authors' code."""

import math

import mmdet.models  # noqa: F401
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import assert_golden, load_golden
from mmengine.optim import build_optim_wrapper

import mmssl.engine
import mmssl.models  # noqa: F401
from mmssl.models.algorithms.dense_vos import (
    cells_at,
    cross_view_loss,
    dense_vos_losses,
    pseudo_labels,
    sample_grid,
    space_time_errors,
    warp,
)
from mmssl.registry import MODELS
from mmssl.structures import DataSample, guided_affines

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


# Layout of the authors' network and names of its golden weights.
NET = dict(
    type='DenseVOS',
    backbone=dict(
        type='mmdet.ResNet',
        depth=18,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 1, 1),
        out_indices=(2, 3),
        norm_eval=False,
        zero_init_residual=False,
        init_cfg=None,
    ),
    neck=dict(type='DenseEmbeddingNeck', sizes=(512, 512, 128)),
)


def small_net(**settings):
    """The same with 8 to 64 channels."""
    backbone = dict(NET['backbone'], base_channels=8, stem_channels=8)
    neck = dict(NET['neck'], sizes=(64, 64, 16))
    return MODELS.build(
        dict(NET, backbone=backbone, neck=neck, grid=2, ref_grid=2, **settings)
    )


def fill(model):
    """Weights of the golden file: by sorted name, from numbered seeds."""
    state = model.state_dict()
    names = {
        name.replace('neck.', 'emb_q.'): name
        for name in state
        if name.startswith(('backbone.', 'neck.'))
        and not name.endswith('num_batches_tracked')
    }
    for k, official in enumerate(sorted(names)):
        value = state[names[official]]
        z = torch.from_numpy(
            np.random.RandomState(1000 + k).standard_normal(value.shape)
        )
        if official.endswith('running_var'):
            z = 1 + 0.1 * z.abs()
        elif official.endswith(('running_mean', 'bias')):
            z = 0.1 * z
        elif value.ndim == 4:
            z = z * math.sqrt(2 / math.prod(value.shape[1:]))
        else:
            z = 1 + 0.1 * z
        value.copy_(z)
    assert len(names) == 108


@both
def test_the_network_is_that_of_the_authors(dtype):
    model = MODELS.build(NET).to(dtype).eval()
    fill(model)
    golden = load_golden('dense_vos/net_forward_eval.npz')
    with torch.no_grad():
        maps = model.dense_maps(golden['image'].to(dtype))
    assert_golden(maps['key'], golden['key'], 1e-5)
    assert_golden(maps['map1'], golden['res4'], 1e-5)
    assert_golden(maps['map0'][:, ::4], golden['res3_sample'], 1e-5)
    for value in maps.values():  # 64 x 48 pixels
        assert value.shape[-2:] == (8, 6)
        lengths = value.norm(dim=1)
        torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_parameter_groups():
    model = MODELS.build(NET)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor='mmssl.BiasGroupsConstructor',
            optimizer=dict(type='Adam', lr=1e-4, weight_decay=5e-4),
        ),
    )
    weights, biases = wrapper.optimizer.param_groups
    sizes = [
        (len(group['params']), sum(p.numel() for p in group['params']))
        for group in (weights, biases)
    ]
    assert sizes == [(43, 11_499_904), (23, 5_952)]
    assert (weights['lr'], weights['weight_decay']) == (1e-4, 5e-4)
    assert (biases['lr'], biases['weight_decay']) == (2e-4, 0)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(paramwise_cfg=dict(norm_decay_mult=0)), 'norm_decay_mult'),
        (dict(optimizer=dict(type='SGD', lr=0.1)), 'must state both'),
    ],
)
def test_optimizer_settings_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        build_optim_wrapper(
            torch.nn.Linear(1, 1),
            dict(
                dict(
                    type='OptimWrapper',
                    constructor='mmssl.BiasGroupsConstructor',
                    optimizer=dict(type='SGD', lr=0.1, weight_decay=0.1),
                ),
                **settings,
            ),
        )


def batch(frames=3, size=64):
    """Two clips, their guided views and maps."""
    random = torch.Generator().manual_seed(0)
    shape = 2, 3, frames, size, size
    views = [torch.randn(shape, generator=random) for _ in range(2)]
    affine = np.array([[-0.7, 0, 0.1], [0, 0.7, 0]], np.float32)
    return views, [DataSample(affine=affine), DataSample(affine=affine)]


def test_the_guided_frames_but_the_first_get_no_gradient():
    model = small_net()
    views, samples = batch()
    for view in views:
        view.requires_grad_()
    torch.manual_seed(0)
    losses = model.loss(views, samples)
    assert sorted(losses) == ['loss_cross_view', 'loss_space_time']
    sum(losses.values()).backward()
    assert views[0].grad.abs().sum(dim=(0, 1, 3, 4)).min() > 0
    assert views[1].grad[:, :, 0].any()
    assert not views[1].grad[:, :, 1:].any()
    assert all(p.grad is not None for p in model.parameters())


def test_the_loss_is_that_of_the_functions():
    """Batch norms see t + 1 frames of a clip, then t - 1 of the views."""
    model = small_net()
    (main, guided), samples = batch()
    torch.manual_seed(0)
    losses = model.loss([main, guided], samples)
    torch.manual_seed(0)
    index = [sample_grid(2, (8, 8), 2) for _ in range(2)]
    frames = main.transpose(1, 2).flatten(0, 1)
    joint = model.embed(torch.cat([frames, guided[:, :, 0]]))
    k1, first = joint[:6].unflatten(0, (2, 3)), joint[6:]
    rest = guided[:, :, 1:].transpose(1, 2).flatten(0, 1)
    rest = model.embed(rest).unflatten(0, (2, 2))
    k2 = torch.cat([first[:, None], rest], 1)
    affine = torch.stack([torch.from_numpy(s.affine) for s in samples])
    expected = dense_vos_losses(k1, k2, affine, *index)
    for key, value in expected.items():
        torch.testing.assert_close(losses[key], value)


def test_frozen_norms_of_the_guided_pass():
    norm = 'backbone.layer4.1.bn2.num_batches_tracked'
    for frozen, passes in ((False, 2), (True, 1)):
        model = small_net(freeze_guided_norms=frozen)
        model.loss(*batch())
        assert model.state_dict()[norm] == passes
        assert all(module.training for module in model.modules())


def test_clips_that_do_not_fit():
    model = small_net()
    (main, guided), samples = batch()
    for views in (
        [main, guided, main],
        [main, guided[:, :, :2]],
        [main[:, :, :1], guided[:, :, :1]],
        [main[:, :, 0], guided[:, :, 0]],
    ):
        with pytest.raises(ValueError, match='plain and the guided view'):
            model.loss(views, samples)
    with pytest.raises(ValueError, match='GuidedView'):
        model.loss([main, guided], [DataSample(), DataSample()])
    with pytest.raises(ValueError, match='three: .* got .8, 8'):
        MODELS.build(dict(type='DenseEmbeddingNeck', sizes=(8, 8)))
