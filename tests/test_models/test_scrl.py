# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SCRL against recorded values of the authors' code, and its properties."""

import numpy as np
import pytest
import torch
from golden import assert_golden, load_golden
from mmengine.model import MMDistributedDataParallel
from torch import nn
from two_processes import run_in_two_processes

from mmssl.models.algorithms.scrl import (
    boxes_of_batch,
    crosswise_distance,
    pool_boxes,
)
from mmssl.registry import MODELS
from mmssl.structures import DataSample

F64, F32 = torch.float64, torch.float32
dtypes = pytest.mark.parametrize('dtype', [F64, F32])


def build(backbone, width=4, stride=2, **kwargs):
    cfg = dict(
        type='SCRL',
        backbone=backbone,
        neck=dict(type='ProjectionMLP', sizes=(width, 8, 5), last_bias=False),
        head=dict(type='PredictionHead', sizes=(5, 8, 5), last_bias=False),
        stride=stride,
        momentum=0.9,
    )
    return MODELS.build({**cfg, **kwargs})


def samples_of(n, boxes=3, size=8, seed=0):
    """Samples with random boxes at least 2 pixels wide."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, size - 2, (n, 2, boxes, 2))
    ends = corners + rng.uniform(2, size - corners)
    every = np.concatenate([corners, ends], 3).astype(np.float32)
    return [DataSample(boxes=b, label=i % 3) for i, b in enumerate(every)]


@pytest.fixture
def scrl(tiny_backbone):
    return build(tiny_backbone)


@pytest.fixture
def samples():
    return samples_of(8)


def load_mlp(mlp, g, name, dtype):
    for layer in (0, 1):
        mlp[layer].weight.data = g[f'{name}_{layer}_weight'].to(dtype)
        mlp[layer].bias.data = g[f'{name}_{layer}_bias'].to(dtype)
    mlp[3].weight.data = g[f'{name}_3_weight'].to(dtype)


def golden_samples(rois, n):
    """The recorded rows, sorted into samples."""
    one, other = rois.numpy().reshape(2, -1, 5)
    assert (other[:, 0] == one[:, 0] + n).all()
    return [
        DataSample(
            boxes=np.stack([v[one[:, 0] == i, 1:] for v in (one, other)])
        )
        for i in range(n)
    ]


@dtypes
def test_boxes_to_loss_and_gradients_are_the_authors(dtype):
    g = load_golden('scrl/forward.npz', 'a_')
    model = build(
        dict(type='IdentityNet'),
        neck=dict(type='ProjectionMLP', sizes=(6, 10, 5), last_bias=False),
        head=dict(type='PredictionHead', sizes=(5, 10, 5), last_bias=False),
        stride=32,
    ).to(dtype)
    encoder = model.momentum_encoder
    load_mlp(model.neck.mlp, g, 'projector_online', dtype)
    load_mlp(encoder.neck.mlp, g, 'projector_target', dtype)
    load_mlp(model.head.mlp, g, 'predictor', dtype)
    maps = g['feat_online'].to(dtype).requires_grad_()
    target_maps = g['feat_target'].to(dtype)
    rois = g['boxes'].to(dtype)
    loss = model.box_loss(maps, target_maps, rois)
    loss.backward()

    # The recorded boxes are float64; ours travel as float32.
    tolerance = 1e-8 if dtype == F64 else 1e-4
    prediction = model.head(model.neck(pool_boxes(maps, rois, 32)))
    target = encoder.neck(pool_boxes(target_maps, rois, 32))
    for name, value in dict(
        pred_online=prediction,
        proj_target=target,
        loss=loss,
        grad_feat_online=maps.grad,
        grad_projector_0_weight=model.neck.mlp[0].weight.grad,
        grad_predictor_3_weight=model.head.mlp[3].weight.grad,
    ).items():
        assert_golden(value, g[name], tolerance)
    rows = boxes_of_batch(golden_samples(g['boxes'], 3))
    order = np.lexsort(g['boxes'].numpy().T[::-1])
    ours = np.lexsort(rows.double().numpy().T[::-1])
    assert_golden(rows[ours], g['boxes'][order], 1e-6)


@pytest.mark.parametrize('case, dtype', [('a', F64), ('a', F32), ('b', F32)])
def test_loss_and_gradient_are_the_authors(case, dtype):
    g = load_golden('scrl/loss.npz', f'{case}_')
    online = g['p_online'].to(dtype).requires_grad_()
    loss = crosswise_distance(online, g['p_target'].to(dtype))
    loss.backward()
    tolerance = 1e-9 if dtype == F64 else 1e-5
    assert_golden(loss, g['loss'], tolerance)
    assert_golden(online.grad, g['grad_p_online'], tolerance)


@dtypes
@pytest.mark.parametrize('case', ['a', 'aligned', 'pool2'])
def test_roi_align_is_the_recorded_one(case, dtype):
    from mmcv.ops import RoIAlign  # once mmssl supplies the operators

    g = load_golden('scrl/roi_align.npz', f'{case}_')
    scale, aligned, ratio, size = g['cfg'].tolist()
    maps = g['feat'].to(dtype).requires_grad_()
    rois = g['rois'].to(dtype)
    align = RoIAlign(
        int(size), scale, max(int(ratio), 0), 'avg', bool(aligned)
    )
    pooled = align(maps, rois)
    pooled.backward(g['grad_out'].to(dtype))
    tolerance = 1e-8 if dtype == F64 else 1e-5
    assert_golden(pooled, g['out'], tolerance)
    assert_golden(maps.grad, g['grad_feat'], tolerance)
    if case == 'a':
        ours = pool_boxes(maps, rois, 32)
        assert_golden(ours, g['out'].flatten(1), tolerance)


@pytest.mark.parametrize('case', 'ab')
def test_momentum_follows_the_recorded_schedule(case):
    g = load_golden('scrl/schedules.npz', f'{case}_')
    model = build(dict(type='IdentityNet'), momentum=g['m_base'].item())
    total = g['total_steps'].item()
    for step, expected in enumerate(g['m']):
        assert abs(model.update_target(step / total) - expected) < 1e-9


def test_loss_is_the_papers_formula_written_out(scrl, views, samples):
    scrl.eval()
    loss = scrl.loss(views, samples)['loss_boxes']
    maps = [scrl.backbone(v)[-1] for v in views]
    targets = [scrl.momentum_encoder.backbone(v)[-1] for v in views]
    terms = []
    for i, sample in enumerate(samples):
        for pair in sample.boxes.transpose(1, 0, 2):
            p, q = [], []
            for view, box in enumerate(pair):
                roi = torch.tensor([[i, *box.tolist()]])
                pooled = pool_boxes(maps[view], roi, 2)
                p.append(scrl.head(scrl.neck(pooled))[0])
                pooled = pool_boxes(targets[view], roi, 2)
                q.append(scrl.momentum_encoder.neck(pooled)[0])
            for a, b in ((p[0], q[1]), (p[1], q[0])):
                terms.append(((a / a.norm() - b / b.norm()) ** 2).sum())
    expected = 2 * torch.stack(terms).mean()
    assert torch.allclose(loss, expected, atol=1e-5)


def test_order_of_the_views_does_not_matter(scrl, views, samples):
    scrl.eval()
    loss = scrl.loss(views, samples)['loss_boxes']
    swapped = [DataSample(boxes=s.boxes[::-1].copy()) for s in samples]
    other = scrl.loss(views[::-1], swapped)['loss_boxes']
    assert torch.allclose(loss, other, atol=1e-6)


def test_equal_views_are_perfect_and_unrelated_vectors_give_four(
    tiny_backbone, views
):
    model = build(tiny_backbone, target_init='copy').eval()
    model.head = nn.Identity()
    samples = samples_of(8)
    for sample in samples:
        sample.boxes[1] = sample.boxes[0]
    loss = model.loss([views[0], views[0]], samples)['loss_boxes']
    assert loss.abs() < 1e-5
    vectors = torch.randn(2, 20_000, 64)
    assert abs(crosswise_distance(*vectors).item() - 4) < 0.02


def test_gradient_reaches_the_online_side_only(scrl, views, samples):
    scrl(views, samples, mode='loss')['loss_boxes'].backward()
    trained = [*scrl.backbone.parameters(), *scrl.neck.parameters()]
    trained += [*scrl.head.parameters()]
    assert all(p.grad is not None for p in trained)
    assert all(p.grad is None for p in scrl.momentum_encoder.parameters())


def test_loss_leaves_the_target_parameters_alone(scrl, views, samples):
    before = [p.clone() for p in scrl.momentum_encoder.parameters()]
    scrl(views, samples, mode='loss')
    after = scrl.momentum_encoder.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_target_starts_with_weights_of_its_own_or_as_a_copy(tiny_backbone):
    for init in ('random', 'copy'):
        model = build(tiny_backbone, target_init=init, image_weight=1)
        model.init_weights()
        for name, module in model.online_modules().items():
            copy = getattr(model.momentum_encoder, name)
            same = [
                torch.equal(a, b)
                for a, b in zip(
                    module.parameters(), copy.parameters(), strict=True
                )
                if a.ndim > 1
            ]
            assert same == [init == 'copy'] * len(same), name


def test_a_random_target_takes_the_configs_initialisation(tiny_backbone):
    tiny_backbone['init_cfg'] = dict(type='Constant', layer='Conv2d', val=0.5)
    model = build(tiny_backbone)
    model.init_weights()
    weight = model.momentum_encoder.backbone.layers[0][0].weight
    assert (weight == 0.5).all() and not weight.requires_grad


def test_pictures_without_boxes_drop_out(scrl, views, samples):
    scrl.eval()
    nothing = np.zeros((2, 0, 4), np.float32)
    mixed = [*samples[:6], *(DataSample(boxes=nothing) for _ in range(2))]
    loss = scrl.loss(views, mixed)['loss_boxes']
    alone = scrl.loss([v[:6] for v in views], samples[:6])['loss_boxes']
    assert torch.allclose(loss, alone, atol=1e-6)


def test_one_box_is_enough(scrl, views):
    nothing = np.zeros((2, 0, 4), np.float32)
    samples = [DataSample(boxes=nothing) for _ in range(8)]
    samples[3] = samples_of(1, boxes=1)[0]
    loss = scrl(views, samples, mode='loss')['loss_boxes']
    assert 0 < loss.item() < 8


def test_a_batch_without_any_box_warns_and_keeps_the_graph(scrl, views):
    nothing = np.zeros((2, 0, 4), np.float32)
    samples = [DataSample(boxes=nothing) for _ in range(8)]
    with pytest.warns(UserWarning, match='no pair of views in this batch'):
        loss = scrl(views, samples, mode='loss')['loss_boxes']
    loss.backward()
    assert loss.item() == 0
    for module in (scrl.backbone, scrl.neck, scrl.head):
        assert all((p.grad == 0).all() for p in module.parameters())


def test_the_image_branch_is_byol_on_whole_views(
    tiny_backbone, views, samples
):
    model = build(tiny_backbone, image_weight=0.5).eval()
    losses = model.loss(views, samples)
    p = [model.image_head(model.image_neck(model.backbone(v))) for v in views]
    encoder = model.momentum_encoder
    q = [encoder.image_neck(encoder.backbone(v)) for v in views]
    cosines = [torch.cosine_similarity(*pair).mean() for pair in
               ((p[0], q[1]), (p[1], q[0]))]  # fmt: skip
    expected = 0.5 * (4 - 2 * sum(cosines))
    assert torch.allclose(losses['loss_image'], expected, atol=1e-5)
    plain = build(tiny_backbone)
    plain.load_state_dict(model.state_dict(), strict=False)
    alone = plain.eval().loss(views, samples)['loss_boxes']
    assert torch.allclose(losses['loss_boxes'], alone)
    model.update_target(0.5)  # moves the third copy too
    moved = encoder.image_neck.mlp[0].weight
    assert not torch.equal(moved, q[0]) and not moved.requires_grad


def test_the_probe_learns_along_without_touching_the_backbone(
    tiny_backbone, views, samples
):
    probe = dict(type='LinearHead', num_classes=3, in_channels=4)
    model = build(tiny_backbone, probe=probe)
    losses = model(views, samples, mode='loss')
    losses['loss_probe'].backward()
    assert model.probe.fc.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in model.backbone.parameters())
    assert 0 <= losses['probe_top1'].item() <= 100
    for sample in samples:
        del sample.label
    with pytest.raises(ValueError, match='probe of SCRL needs the labels'):
        model(views, samples, mode='loss')


def test_half_precision_boxes_stay_exact(scrl):
    maps = torch.randn(2, 4, 7, 7)
    rois = torch.tensor([[0, 33.3, 1.7, 201.9, 99.1], [1, 0.2, 0.3, 40, 50]])
    half = pool_boxes(maps.bfloat16(), rois, 32)
    assert half.dtype == F32
    full = pool_boxes(maps.bfloat16().float(), rois, 32)
    assert torch.equal(half, full)


def test_training_on_fixed_views_lowers_the_loss(scrl, views, samples):
    optimizer = torch.optim.SGD(scrl.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step in range(40):
        loss = scrl(views, samples, mode='loss')['loss_boxes']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scrl.update_target(step / 40)
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_bad_input_is_refused_in_one_sentence(
    tiny_backbone, scrl, views, samples
):
    with pytest.raises(ValueError, match='at least 2 views .* got 1'):
        scrl(views[:1], samples, mode='loss')
    with pytest.raises(ValueError, match='exactly 2 views of one size, got'):
        scrl([*views, views[0]], samples, mode='loss')
    with pytest.raises(ValueError, match='exactly 2 views of one size, got'):
        scrl([views[0], views[1][..., :6]], samples, mode='loss')
    for bad in (None, [], [DataSample()] * 8):
        with pytest.raises(ValueError, match="keys=\\['boxes'\\]"):
            scrl(views, bad, mode='loss')
    wrong = build(tiny_backbone, stride=4)
    with pytest.raises(ValueError, match=r'stride=4 .* makes \(4, 4\) cells'):
        wrong(views, samples, mode='loss')
    with pytest.raises(ValueError, match="'random', 'copy'.*got 'same'"):
        build(tiny_backbone, target_init='same')
    with pytest.raises(ValueError, match='stride >= 1 and image_weight'):
        build(tiny_backbone, stride=0)


N, STEPS = 8, 3  # samples of both processes together


def train(rank=None, empty_rank=None):
    """A few steps without batch norm; losses, gradients, final state."""
    torch.manual_seed(0)
    conv = dict(type=nn.Conv2d, in_channels=3, out_channels=4, kernel_size=1)
    neck = dict(type='ProjectionMLP', sizes=(4, 8, 5), norm_cfg=None)
    head = dict(type='PredictionHead', sizes=(5, 8, 5), norm_cfg=None)
    model = build(conv, stride=1, neck=neck, head=head)
    wrapped = model if rank is None else MMDistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses, grads = [], []
    for step in range(STEPS):
        generator = torch.Generator().manual_seed(step)
        views = torch.randn(2, N, 3, 8, 8, generator=generator)
        samples = samples_of(N, seed=step)
        if rank is not None:
            mine = slice(N // 2 * rank, N // 2 * (rank + 1))
            views, samples = views[:, mine], samples[mine]
        if rank is not None and rank == empty_rank:
            for sample in samples:
                sample.boxes = sample.boxes[:, :0]
        optimizer.zero_grad()
        loss = wrapped(list(views), samples, mode='loss')['loss_boxes']
        loss.backward()
        optimizer.step()
        model.update_target(step / STEPS)
        losses.append(loss.detach())
        grads.append({
            k: p.grad.clone()
            for k, p in model.named_parameters()
            if p.grad is not None
        })  # fmt: skip
    return dict(
        losses=torch.stack(losses), grads=grads, state=model.state_dict()
    )


def on_each_process(rank):
    return dict(full=train(rank), half=train(rank, empty_rank=1))


def test_two_processes_train_as_one():
    single, both = train(), run_in_two_processes(on_each_process)
    full = [result['full'] for result in both]
    mean = (full[0]['losses'] + full[1]['losses']) / 2
    torch.testing.assert_close(mean, single['losses'])
    for result in full:
        for step, grads in enumerate(single['grads']):
            for name, grad in grads.items():
                torch.testing.assert_close(
                    result['grads'][step][name], grad, atol=1e-6, rtol=1e-4
                )
        for name, value in single['state'].items():
            torch.testing.assert_close(
                result['state'][name], value, atol=1e-5, rtol=1e-4
            )
    # A process without boxes takes part and both stay equal.
    half = [result['half'] for result in both]
    assert (half[1]['losses'] == 0).all() and (half[0]['losses'] > 0).all()
    for name, value in half[0]['state'].items():
        assert torch.equal(value, half[1]['state'][name]), name
