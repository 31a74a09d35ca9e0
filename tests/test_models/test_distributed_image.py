# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""MoCo, DenseCL, SwAV, BYOL, SimSiam and ORL on two gloo processes."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from torch import nn
from two_processes import run_in_two_processes

from mmssl.models.algorithms.swav import sinkhorn
from mmssl.models.layers import shuffled_forward
from mmssl.models.losses import unit_rows
from mmssl.registry import MODELS

N, STEPS = 8, 4  # samples of both processes together
MLP = dict(type='ProjectionMLP', sizes=(6, 8, 4), norm_cfg=None)
DENSE = dict(type='DenseCLNeck', sizes=(6, 8, 4))
HEAD = dict(type='PredictionHead', sizes=(4, 8, 4), norm_cfg=None)
PROTOTYPES = dict(type='PrototypeHead', embed_dim=4, num_prototypes=5)
METHODS = dict(
    MoCo=dict(neck=MLP, queue_length=16),
    DenseCL=dict(neck=DENSE, queue_length=16),
    SwAV=dict(neck=MLP, head=PROTOTYPES, queue_length=16, num_crops=(2, 1)),
    BYOL=dict(neck=MLP, head=HEAD),
    SimSiam=dict(neck=MLP, head=HEAD),
    ORL=dict(neck=MLP, head=HEAD),
)


def build(name):
    """Without batch norm, whose statistics are each process's own."""
    torch.manual_seed(0)
    backbone = dict(
        type=nn.Conv2d, in_channels=3, out_channels=6, kernel_size=3
    )
    return MODELS.build(dict(type=name, backbone=backbone, **METHODS[name]))


def batch(name, step, rank=None):
    generator = torch.Generator().manual_seed(step)
    views = dict(SwAV=3, ORL=6).get(name, 2)
    views = torch.randn(views, N, 3, 6, 6, generator=generator)
    if rank is not None:
        views = views[:, N // 2 * rank : N // 2 * (rank + 1)]
    return list(views)


def train(name, rank=None):
    """A few steps; losses, the gradients of each step, the final state."""
    model = build(name)
    wrapped = model if rank is None else MMDistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    losses, grads = [], []
    for step in range(STEPS):
        torch.manual_seed(100 + step + 1000 * (rank or 0))  # as in a run
        optimizer.zero_grad()
        loss = sum(wrapped(batch(name, step, rank), mode='loss').values())
        loss.backward()
        losses.append(loss.detach())
        grads.append({
            key: p.grad.clone()
            for key, p in model.named_parameters()
            if p.grad is not None
        })  # fmt: skip
        optimizer.step()
        model.update_target(step / STEPS)
        model.update_queue()
    return dict(
        losses=torch.stack(losses), grads=grads, state=model.state_dict()
    )


def scores():
    generator = torch.Generator().manual_seed(5)
    return unit_rows(torch.randn(N, 4, generator=generator)) @ torch.eye(4, 6)


def shuffle(rank):
    """Which samples a process encodes, and whether each comes back."""
    torch.manual_seed(rank)  # every process has other random numbers
    x = torch.arange(N).float()[N // 2 * rank : N // 2 * (rank + 1), None]
    seen = []

    def encoder(batch):
        seen.append(batch.flatten())
        return batch + 100, batch - batch.mean()

    first, centred = shuffled_forward(encoder, x)
    return dict(x=x, seen=seen[0], first=first, centred=centred)


def on_each_process(rank):
    results = {name: train(name, rank) for name in METHODS}
    half = scores().chunk(2)[rank]
    results['codes'] = sinkhorn(half)
    results['shuffle'] = shuffle(rank)
    try:
        model = build('MoCo')
        model([v[:3] for v in batch('MoCo', 0, rank)], mode='loss')
    except ValueError as error:
        results['message'] = str(error)
    return results


@pytest.fixture(scope='module')
def both():
    return run_in_two_processes(on_each_process)


@pytest.fixture(scope='module', params=METHODS)
def method(request, both):
    name = request.param
    return train(name), [result[name] for result in both]


def test_loss_of_every_step_is_that_of_the_joint_batch(method):
    single, both = method
    mean = (both[0]['losses'] + both[1]['losses']) / 2
    torch.testing.assert_close(mean, single['losses'])


def test_every_gradient_is_that_of_the_joint_batch(method):
    single, both = method
    for step, grads in enumerate(single['grads']):
        for name, grad in grads.items():
            for result in both:
                torch.testing.assert_close(
                    result['grads'][step][name],
                    grad,
                    atol=1e-6,
                    rtol=1e-4,
                    msg=lambda m, n=name: f'{n}: {m}',
                )


def test_both_processes_hold_the_same_state_after_some_steps(method):
    _, both = method
    for name, value in both[0]['state'].items():
        assert torch.equal(value, both[1]['state'][name]), name


def test_that_state_is_the_one_of_one_process(method):
    single, both = method
    for name, value in single['state'].items():
        torch.testing.assert_close(
            both[0]['state'][name],
            value,
            atol=1e-5,
            rtol=1e-4,
            msg=lambda m, n=name: f'{n}: {m}',
        )


def test_queues_and_prototypes_moved_in_those_steps(both):
    for name, keys in {
        'MoCo': ['queue.rows'],
        'DenseCL': ['queue.rows', 'dense_queue.rows'],
        'SwAV': ['queues.0.rows', 'queues.1.rows', 'head.prototypes.weight'],
    }.items():
        start = build(name).state_dict()
        for key in keys:
            moved = both[0][name]['state'][key] != start[key]
            assert moved.any(1).all(), key


def test_sinkhorn_sums_over_processes_in_every_round(both):
    """mmselfsup sums only where a prototype is empty, none is here."""
    together = sinkhorn(scores())
    codes = torch.cat([result['codes'] for result in both])
    torch.testing.assert_close(codes, together)
    alone = torch.cat([sinkhorn(half) for half in scores().chunk(2)])
    assert (alone - together).abs().max() > 0.05


def test_shuffled_samples_mix_processes_and_come_back_to_their_owners(both):
    results = [result['shuffle'] for result in both]
    seen = [set(r['seen'].tolist()) for r in results]
    assert seen[0] | seen[1] == set(range(N)) and not seen[0] & seen[1]
    assert seen[0] != set(range(N // 2))
    for r in results:
        assert torch.equal(r['first'], r['x'] + 100)


def test_shuffled_statistics_are_those_of_the_company(both):
    results = [result['shuffle'] for result in both]
    means = {x: r['seen'].mean() for r in results for x in r['seen'].tolist()}
    for r in results:
        for x, centred in zip(r['x'], r['centred'], strict=True):
            torch.testing.assert_close(centred, x - means[x.item()])


def test_the_queue_must_hold_whole_batches_of_all_processes(both):
    for result in both:
        assert 'a queue of 16 and a batch of 6' in result['message']
