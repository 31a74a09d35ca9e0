# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The methods of rho clips on two gloo processes equal one process."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import nn
from two_processes import run_in_two_processes

from mmssl.engine.distributed import OwnStepDataParallel
from mmssl.models.algorithms.swav import sinkhorn
from mmssl.models.layers import FeatureQueue, shuffled_forward
from mmssl.registry import MODELS

N, RHO, STEPS = 8, 3, 3  # samples of both processes together
METHODS = dict(
    MoCo=dict(
        symmetric=True, reduction='sum', queue_length=24,
        queue_init='uniform', shuffle_group='node',
    ),
    BYOL=dict(
        reduction='sum',
        head=dict(type='PredictionHead', sizes=(4, 8, 4), norm_cfg=None),
    ),
    SimCLR=dict(
        reduction='sum', pairs='consecutive', joint_views=False,
        joint_projector=False,
    ),
    SwAV=dict(
        num_crops=(RHO,), joint_views=False,
        head=dict(type='PrototypeHead', embed_dim=4, num_prototypes=5),
    ),
)  # fmt: skip
CASES = [(name, False) for name in METHODS]
CASES += [(name, True) for name in ('MoCo', 'BYOL', 'SimCLR')]


def build(name, sequential):
    """Without batch norm, whose statistics are each process's own."""
    torch.manual_seed(0)
    settings = dict(METHODS[name])
    if sequential:
        settings['sequential'] = True
    model = MODELS.build(
        dict(
            type=name,
            backbone=dict(
                type=nn.Conv3d, in_channels=3, out_channels=6, kernel_size=3
            ),
            neck=dict(type='ProjectionMLP', sizes=(6, 8, 4), norm_cfg=None),
            **settings,
        )
    ).double()
    model.data_preprocessor.forward = lambda data, training: data
    return model


def clips(step, rank=None):
    generator = torch.Generator().manual_seed(step)
    shape = (RHO, N, 3, 4, 5, 5)
    views = torch.randn(shape, generator=generator, dtype=torch.float64)
    if rank is not None:
        views = views[:, N // 2 * rank : N // 2 * (rank + 1)]
    return list(views)


def train(name, sequential, rank=None):
    """A few whole training steps; the final state."""
    model = build(name, sequential)
    if rank is None:
        wrapped = model
    elif sequential:
        wrapped = OwnStepDataParallel(model)
    else:
        wrapped = MMDistributedDataParallel(model)
    wrapper = OptimWrapper(
        torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], lr=0.1
        )
    )
    losses = []
    for step in range(STEPS):
        torch.manual_seed(100 + step + 1000 * (rank or 0))
        data = dict(inputs=clips(step, rank), data_samples=None)
        losses.append(wrapped.train_step(data, wrapper)['loss'].detach())
        model.update_target(step / STEPS)
        model.update_queue()
    return dict(losses=torch.stack(losses), state=model.state_dict())


def scores():
    generator = torch.Generator().manual_seed(5)
    return torch.randn(N, 6, generator=generator)


def on_each_process(rank):
    results = {case: train(*case, rank) for case in CASES}
    queue = FeatureQueue(2, 4, gather=False)
    queue.push(torch.full((2, 2), float(rank)))
    queue.write()
    results['own_rows'] = queue.rows[:2]
    half = scores().chunk(2)[rank]
    results['alone'] = sinkhorn(half, synchronized=False)
    x = torch.arange(4.0)[:, None] + 10 * rank
    seen = []
    results['back'] = shuffled_forward(
        lambda batch: seen.append(batch) or batch + 100, x, 'node'
    )
    results['x'], results['seen'] = x, seen[0]
    return results


@pytest.fixture(scope='module')
def both():
    return run_in_two_processes(on_each_process)


@pytest.mark.parametrize('case', CASES, ids=str)
def test_training_is_that_of_one_process_on_the_joint_batch(case, both):
    single = train(*case)
    results = [result[case] for result in both]
    mean = (results[0]['losses'] + results[1]['losses']) / 2
    torch.testing.assert_close(mean, single['losses'], rtol=1e-8, atol=1e-8)
    for key, value in single['state'].items():
        assert torch.equal(results[0]['state'][key], results[1]['state'][key])
        torch.testing.assert_close(
            results[0]['state'][key], value, rtol=1e-8, atol=1e-8, msg=key
        )


def test_a_queue_of_its_own_holds_own_keys(both):
    for rank, result in enumerate(both):
        assert (result['own_rows'] == rank).all()


def test_codes_may_be_balanced_on_each_process_alone(both):
    for half, result in zip(scores().chunk(2), both, strict=True):
        torch.testing.assert_close(result['alone'], sinkhorn(half))


def test_shuffling_on_one_machine_mixes_its_processes(both):
    seen = [set(result['seen'].flatten().tolist()) for result in both]
    assert len(seen[0] | seen[1]) == 8
    for result in both:
        assert torch.equal(result['back'], result['x'] + 100)
