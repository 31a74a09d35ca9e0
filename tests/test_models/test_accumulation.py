# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Target, queue and prototypes move once per real optimizer step."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper

from mmssl.engine.hooks import FixedLRHook, FreezeHook, MomentumUpdateHook
from mmssl.registry import MODELS
from mmssl.structures import DataSample

COUNT, ITERS = 4, 8
BOXES = np.array([[[0, 0, 4, 4]], [[1, 2, 6, 6]]], np.float32)
SAMPLES = [DataSample(boxes=BOXES)] * 4  # for SCRL
MLP = dict(type='ProjectionMLP', sizes=(4, 5), norm_cfg=None)
METHODS = dict(
    BYOL=dict(
        neck=MLP,
        head=dict(type='PredictionHead', sizes=(5, 5)),
        momentum=0.9,
        end_momentum=None,
    ),
    SCRL=dict(
        neck=MLP,
        head=dict(type='PredictionHead', sizes=(5, 5)),
        stride=2,
        momentum=0.9,
        end_momentum=None,
    ),
    MoCo=dict(neck=MLP, queue_length=64, momentum=0.9),
    DenseCL=dict(
        neck=dict(type='DenseCLNeck', sizes=(4, 5)),
        queue_length=64,
        momentum=0.9,
    ),
    SwAV=dict(
        neck=MLP,
        head=dict(type='PrototypeHead', embed_dim=5, num_prototypes=6),
        queue_length=64,
    ),
)


def run(name, hooks, backbone, after=lambda model, i: None, **optimizer):
    """MMEngine's calls of a training loop, with its OptimWrapper."""
    torch.manual_seed(0)
    model = MODELS.build(dict(type=name, backbone=backbone, **METHODS[name]))
    groups = [
        dict(params=[p], name=n)
        for n, p in model.named_parameters()
        if p.requires_grad
    ]
    wrapper = OptimWrapper(
        torch.optim.SGD(groups, **{'lr': 0.1, **optimizer}),
        accumulative_counts=COUNT,
    )
    wrapper.initialize_count_status(model, 0, ITERS)
    runner = SimpleNamespace(
        model=model,
        optim_wrapper=wrapper,
        max_iters=ITERS,
        max_epochs=2,
        message_hub=MessageHub.get_instance(f'accumulation {name}'),
    )
    for hook in hooks:
        hook.before_train(runner)
    for i in range(ITERS):
        runner.iter, runner.epoch = i, i // 4
        views = [torch.randn(4, 3, 6, 6) for _ in range(2)]
        losses = model(views, SAMPLES, mode='loss')
        wrapper.update_params(sum(losses.values()))
        for hook in hooks:
            hook.after_train_iter(runner, i)
        after(model, i)
    for hook in hooks:
        hook.after_train(runner)
    return runner


@pytest.mark.parametrize('name', ['BYOL', 'SCRL', 'MoCo', 'DenseCL'])
def test_target_follows_once_per_real_step(name, tiny_backbone):
    track = []

    def remember(model, i):
        encoder = model.momentum_encoder.backbone.layers[0][0].weight
        online = model.backbone.layers[0][0].weight
        track.append((encoder.clone(), online.detach().clone()))

    run(name, [MomentumUpdateHook()], tiny_backbone, remember)
    targets, onlines = zip(*track, strict=True)
    target = targets[0]  # no step yet: still the copy
    for i in range(ITERS):
        if (i + 1) % COUNT == 0:
            assert not torch.equal(onlines[i], onlines[i - 1])
            target = 0.9 * target + 0.1 * onlines[i]  # the share of the old
        torch.testing.assert_close(targets[i], target)


@pytest.mark.parametrize('name', ['MoCo', 'DenseCL', 'SwAV'])
def test_queues_take_the_keys_of_every_micro_batch_at_the_step(
    name, tiny_backbone
):
    written = []

    def remember(model, i):
        written.append([
            m.written.item() for m in model.modules() if hasattr(m, 'written')
        ])  # fmt: skip

    run(name, [MomentumUpdateHook()], tiny_backbone, remember)
    queues = 1 if name == 'MoCo' else 2
    rows = [0, 0, 0, 16, 16, 16, 16, 32]
    assert written == [[n] * queues for n in rows]


def test_prototypes_rest_in_the_first_epoch_weight_decay_included(
    tiny_backbone,
):
    track = []

    def remember(model, i):
        track.append(model.head.prototypes.weight.detach().clone())

    freeze = FreezeHook(names=('head.',), end=1)
    hooks = [freeze, MomentumUpdateHook()]
    run('SwAV', hooks, tiny_backbone, remember, lr=0.5, weight_decay=0.1)
    torch.testing.assert_close(track[3], track[0])
    assert not torch.allclose(track[7], track[0], atol=1e-3)


def test_the_rest_may_count_iterations(tiny_backbone):
    hooks = [FreezeHook(names=('backbone.',), end=8, by_epoch=False)]
    before = []

    def remember(model, i):
        before.append(model.backbone.layers[0][0].weight.detach().clone())

    run('MoCo', hooks, tiny_backbone, remember)
    assert torch.equal(before[0], before[-1])


def test_names_that_match_nothing_are_refused(tiny_backbone):
    with pytest.raises(ValueError, match=r"no parameter .* \('neckk.',\)"):
        run('MoCo', [FreezeHook(('neckk.',), 1)], tiny_backbone)
    with pytest.raises(ValueError, match='no parameter group with fix_lr'):
        run('MoCo', [FixedLRHook()], tiny_backbone)
