# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Two gloo processes equal one process on the joint batch."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from two_processes import run_in_two_processes

from mmssl.models.algorithms.wmse import wmse_loss
from mmssl.models.layers import all_gather
from mmssl.registry import MODELS


def build_simclr(**kwargs):
    """Without batch norm, whose statistics are each process's own."""
    torch.manual_seed(0)
    backbone = dict(
        type=torch.nn.Conv2d, in_channels=3, out_channels=6, kernel_size=3
    )
    neck = dict(type='ProjectionMLP', sizes=(6, 8, 4), norm_cfg=None)
    return MODELS.build(
        dict(type='SimCLR', backbone=backbone, neck=neck, **kwargs)
    )


def joint_views():
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(8, 3, 8, 8, generator=generator) for _ in range(2)]


def gradients(model):
    return {name: p.grad for name, p in model.named_parameters()}


def train_half(rank):
    half = [v[4 * rank : 4 * rank + 4] for v in joint_views()]
    results = {}
    for own in (False, True):
        model = build_simclr(own_slice_gradient=own)
        wrapped = MMDistributedDataParallel(model)
        loss = wrapped(half, mode='loss')['loss']
        loss.backward()
        results[own] = dict(loss=loss.detach(), grads=gradients(model))
    embeddings = [v.mean((2, 3)) for v in joint_views()]
    mine = torch.stack([e[4 * rank : 4 * rank + 4] for e in embeddings])
    mine = mine[..., :2].contiguous().requires_grad_()
    perm = [torch.tensor([2, 0, 3, 1])]
    results['wmse'] = wmse_loss(mine, 4, perms=perm).detach()
    try:
        all_gather(torch.zeros(1 + rank, 2))
    except ValueError as error:
        results['uneven'] = str(error)
    gathered = all_gather(torch.full((2, 3), float(rank)))
    results['gathered'] = gathered
    return results


@pytest.fixture(scope='module')
def both():
    return run_in_two_processes(train_half)


@pytest.fixture(scope='module')
def single():
    model = build_simclr()
    loss = model(joint_views(), mode='loss')['loss']
    loss.backward()
    return dict(loss=loss.detach(), grads=gradients(model))


def test_rows_come_in_the_order_of_ranks(both):
    expected = torch.tensor([0.0, 0, 1, 1])[:, None].expand(4, 3)
    for result in both:
        assert torch.equal(result['gathered'], expected)


def test_simclr_loss_and_every_gradient_are_those_of_the_joint_batch(
    both, single
):
    for result in both:
        assert torch.allclose(result[False]['loss'], single['loss'])
        for name, grad in single['grads'].items():
            got = result[False]['grads'][name]
            assert torch.allclose(got, grad, atol=1e-6), name


def test_own_slice_gradient_is_the_exact_one_over_the_world_size(both, single):
    for result in both:
        assert torch.allclose(result[True]['loss'], single['loss'])
        for name, grad in single['grads'].items():
            got = result[True]['grads'][name]
            assert torch.allclose(2 * got, grad, atol=1e-6), name


def test_wmse_on_two_ranks_is_the_mean_of_their_own_losses(both):
    joint = [v.mean((2, 3))[:, :2] for v in joint_views()]
    perm = [torch.tensor([2, 0, 3, 1])]
    for rank, result in enumerate(both):
        mine = torch.stack([e[4 * rank : 4 * rank + 4] for e in joint])
        assert torch.allclose(result['wmse'], wmse_loss(mine, 4, perms=perm))


def test_uneven_batches_are_refused_by_name(both):
    for result in both:
        assert 'equally many samples, got between 1 and 2' in result['uneven']
