# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Both forms of DSM on two gloo processes equal one process."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import nn
from two_processes import run_in_two_processes

from mmssl.registry import MODELS

N, STEPS = 8, 3  # samples of both processes together
METHODS = dict(
    DSM=dict(queue_length=21, momentum=0.9),  # 24 keys: the ring wraps
    DSMTriplet=dict(margin=0.5),
)


def build(name):
    """Without batch norm, whose statistics are each process's own."""
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type=name,
            backbone=dict(
                type=nn.Conv3d, in_channels=3, out_channels=6, kernel_size=3
            ),
            neck=dict(type='ProjectionMLP', sizes=(6, 4)),
            sld=None,
            **METHODS[name],
        )
    ).double()
    model.data_preprocessor.forward = lambda data, training: data
    return model


def clips(step, rank=None):
    generator = torch.Generator().manual_seed(step)
    shape = (3, N, 3, 4, 5, 5)
    views = torch.randn(shape, generator=generator, dtype=torch.float64)
    if rank is not None:
        views = views[:, N // 2 * rank : N // 2 * (rank + 1)]
    return list(views)


def train(name, rank=None):
    """A few whole training steps; the losses and the final state."""
    model = build(name)
    wrapped = model if rank is None else MMDistributedDataParallel(model)
    wrapper = OptimWrapper(
        torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], lr=0.1
        )
    )
    losses = []
    for step in range(STEPS):
        data = dict(inputs=clips(step, rank), data_samples=None)
        log = wrapped.train_step(data, wrapper)
        losses.append(log['loss'].detach())
        model.update_target(step / STEPS)
        model.update_queue()
    return dict(losses=torch.stack(losses), state=model.state_dict())


def on_each_process(rank):
    return {name: train(name, rank) for name in METHODS}


@pytest.fixture(scope='module')
def both():
    return run_in_two_processes(on_each_process)


@pytest.mark.parametrize('name', METHODS)
def test_training_is_that_of_one_process_on_the_joint_batch(name, both):
    single = train(name)
    results = [result[name] for result in both]
    mean = (results[0]['losses'] + results[1]['losses']) / 2
    torch.testing.assert_close(mean, single['losses'], rtol=1e-8, atol=1e-8)
    for key, value in single['state'].items():
        assert torch.equal(results[0]['state'][key], results[1]['state'][key])
        torch.testing.assert_close(
            results[0]['state'][key], value, rtol=1e-8, atol=1e-8, msg=key
        )
