# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Growing, replaying, and resuming in the middle of a class."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from golden import load_golden
from mmengine.config import Config
from resumed_runs import assert_same

from mmssl.engine.hooks.dynamic_expansion_hook import PoorSamplePool
from mmssl.engine.hooks.generative_replay_hook import GenerativeReplayHook
from mmssl.engine.runner import Runner
from mmssl.registry import HOOKS
from mmssl.utils.errors import UsageError

STEPS = 60


def test_the_pool_fills_as_recorded():
    g = load_golden('curl/derived_expansion_timeline.npz')
    pool = PoorSamplePool(
        g['threshold'].item(), g['buffer_size'].item(),
        g['wait_steps'].item(), g['burn_in'].item(),
    )  # fmt: skip
    batch, active = g['batch_size'].item(), g['n_active_start'].item()
    steps, sizes, kept = [], [], []
    for step, (bound, real) in enumerate(
        zip(g['ll'], g['real_step'], strict=True)
    ):
        if not real:
            continue
        ids = step * batch + torch.arange(batch)
        room = active < g['max_components'].item()
        full = pool.collect(step, bound, ids, room)
        if full is not None:
            active += 1
            steps.append(step)
            sizes.append(len(full))
            kept.append(full[len(full) % batch :])
    assert steps == g['expansion_steps'].tolist()
    assert sizes == g['pool_size_at_expansion'].tolist()
    assert [len(ids) for ids in kept] == g['kept_counts'].tolist()
    assert torch.equal(torch.cat(kept), g['kept_ids'])
    assert active == g['n_active_end'].item()


@pytest.mark.parametrize(
    'threshold, room', [(-float('inf'), True), (0.0, False)]
)
def test_nothing_grows_without_threshold_or_room(threshold, room):
    pool = PoorSamplePool(threshold, 4, 0, 0)
    bound = torch.full((8,), -500.0)
    for step in range(20):
        assert pool.collect(step, bound, torch.arange(8), room) is None


def test_replay_steps_and_snapshots_are_the_recorded_ones():
    g = load_golden('curl/derived_schedule.npz')
    hook = GenerativeReplayHook(period=200)
    assert hook.bank_size == g['replay_buffer_batches'].item()
    model = SimpleNamespace(
        snapshot=SimpleNamespace(number=0), supervised=False
    )
    taken, replayed = [], []

    def take():
        model.snapshot.number += 1
        taken.append(runner.iter)

    model.take_snapshot = take
    model.replay = lambda count, generator: (torch.zeros(count, 4), None)
    runner = SimpleNamespace(bare_model=model, seed=0, iter=0)
    for step in range(g['n_steps'].item()):
        runner.iter = step
        batch = dict(inputs=[torch.zeros(2, 3, 2, 2)], data_samples=[])
        hook.before_train_iter(runner, step, batch)
        replayed.append(batch.get('replayed', False))
    assert replayed == g['replay_step'].tolist()
    assert taken == g['snapshot_steps'].tolist()[1:]  # 0 is never used
    assert np.mean(replayed[200:]) == 0.5


def config(folder, steps=STEPS, hooks=None, **model):
    hooks = hooks or [
        dict(
            type='DynamicExpansionHook', threshold=-20.0, buffer_size=20,
            wait_steps=7, burn_in=5, num_epochs=2,
        ),
        dict(type='GenerativeReplayHook', mode='fixed'),
    ]  # fmt: skip
    return Config(
        dict(
            default_scope='mmssl',
            default_hooks=dict(
                runtime_info=dict(type='RuntimeInfoHook'),
                step_seed=dict(type='StepSeedHook'),
                timer=dict(type='IterTimerHook'),
                logger=dict(type='LoggerHook', interval=10),
                param_scheduler=dict(type='ParamSchedulerHook'),
                usage=dict(type='ComponentUsageHook', interval=4),
                checkpoint=dict(
                    type='CheckpointHook', interval=1, by_epoch=False
                ),
            ),
            custom_hooks=hooks,
            model=dict(
                type='CURL',
                backbone=dict(type='CURLEncoder', sizes=(64, 24)),
                neck=dict(
                    type='MixtureLatent', in_features=24, latent_dim=4,
                    n_components=12,
                ),
                head=dict(type='BernoulliMLPDecoder', sizes=(4, 24, 64)),
                **model,
            ),
            train_dataloader=dict(
                batch_size=10,
                num_workers=0,
                collate_fn=dict(type='mmssl.collate_views'),
                sampler=dict(type='EpochSampler'),
                batch_sampler=dict(
                    type='ContinualClassStream', n_steps=steps, n_classes=10
                ),
                dataset=dict(
                    type='EmbeddedDigits', views=[dict(type='CenterView')]
                ),
            ),
            train_cfg=dict(type='IterTrainLoop', max_iters=steps),
            optim_wrapper=dict(
                type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)
            ),
            param_scheduler=[],
            randomness=dict(seed=0),
            work_dir=str(folder),
            log_level='ERROR',
        )
    )  # fmt: skip


def train(cfg):
    runner = Runner.from_cfg(deepcopy(cfg))
    runner.train()
    return runner


def state(path):
    content = torch.load(path, weights_only=True)
    scalars = content['message_hub']['log_scalars']
    return dict(
        {k: content[k] for k in ('state_dict', 'optimizer')},
        expansion=content.get('expansion'),
        replay=content.get('replay'),
        usage=content.get('usage'),
        losses=scalars['train/loss']['values'],
    )


@pytest.mark.parametrize('mode', ['fixed', 'dynamic'])
def test_a_run_resumed_inside_a_class_is_the_uninterrupted_one(mode, tmp_path):
    cfg = config(tmp_path / 'whole')
    cfg.custom_hooks[1].mode = mode
    runner = train(cfg)
    whole = state(tmp_path / f'whole/iter_{STEPS}.pth')
    births = whole['expansion']['births']
    assert runner.bare_model.n_active == 1 + len(births) > 3
    assert whole['replay']['replayed_steps'] > 10
    # In the middle of a class, with samples waiting in the pool.
    middle = next(
        step
        for step in range(25, 50)
        if step % 6
        and state(tmp_path / f'whole/iter_{step}.pth')['expansion']['samples']
        is not None
    )
    again = config(tmp_path / 'again')
    again.custom_hooks[1].mode = mode
    again.load_from = str(tmp_path / f'whole/iter_{middle}.pth')
    again.resume = True
    train(again)
    resumed = state(tmp_path / f'again/iter_{STEPS}.pth')
    assert_same(resumed, whole)


def test_a_snapshot_of_an_expansion_counts_the_steps_before(tmp_path):
    cfg = config(tmp_path, 20)
    cfg.custom_hooks[1].mode = 'dynamic'
    runner = train(cfg)
    first = torch.load(tmp_path / 'iter_20.pth')['expansion']['births'][0]
    step = first['step']
    found = torch.load(tmp_path / f'iter_{step + 1}.pth')['state_dict']
    assert found['snapshot.counts'].sum().item() == pytest.approx(10 * step)
    assert found['component_counts'].sum().item() == pytest.approx(10)
    # components that are not active yet are never replayed
    assert runner.bare_model.snapshot.counts[-1] == 0


def test_usage_is_recorded_by_true_class(tmp_path):
    runner = train(config(tmp_path))
    usage = torch.load(tmp_path / f'iter_{STEPS}.pth')['usage']
    assert [r['step'] for r in usage['records']] == [*range(4, STEPS + 1, 4)]
    assert usage['sum'] is None
    first, *_, last = (record['usage'] for record in usage['records'])
    # Six steps a class, of which half are replayed after the first class.
    assert first.shape == (10, 1) and first[0, 0] == 40
    assert first.sum() == 40
    assert last.shape == (10, runner.bare_model.n_active)
    assert last.sum(1)[:9].sum() == 0
    assert last.sum().item() == pytest.approx(20, rel=1e-5)
    with pytest.raises(ValueError, match='interval must be at least 1'):
        HOOKS.build(dict(type='mmssl.ComponentUsageHook', interval=0))


def test_without_expansion_there_is_one_component(tmp_path):
    cfg = config(tmp_path, 20, [dict(type='GenerativeReplayHook')])
    runner = train(cfg)
    assert runner.bare_model.n_active == 1
    # ten periods of two steps: the second step of a period is replayed
    assert runner.bare_model.snapshot.number == 9
    counted = runner.bare_model.snapshot.counts.sum().item()
    assert counted == pytest.approx(10 * (2 + 8), rel=1e-5)


def test_components_follow_the_classes_in_the_supervised_form(tmp_path):
    hooks = [
        dict(type='ClassComponentsHook'),
        dict(type='GenerativeReplayHook', supervised=True),
    ]
    cfg = config(tmp_path, 40, hooks, supervised=True)
    cfg.train_dataloader.batch_sampler.n_concurrent = 2
    runner = train(cfg)
    assert runner.bare_model.n_active == 10
    at_start = state(tmp_path / 'iter_3.pth')['state_dict']
    assert at_start['active'] == 2
    # The same two classes are shown for eight steps, the period of replay.
    assert runner.bare_model.snapshot.number == 4
    assert state(tmp_path / 'iter_8.pth')['replay']['replayed_steps'] == 0
    assert state(tmp_path / 'iter_10.pth')['replay']['replayed_steps'] == 1


@pytest.mark.parametrize(
    'hooks, change, message',
    [
        (
            [dict(type='GenerativeReplayHook')],
            dict(supervised=True),
            r'needs GenerativeReplayHook\(supervised=True\)',
        ),
        (
            [dict(type='DynamicExpansionHook', buffer_size=5)],
            {},
            'buffer_size=5 holds no batch of 10',
        ),
        (
            [dict(type='DynamicExpansionHook')],
            dict(supervised=True),
            'components that are no classes; use ClassComponentsHook',
        ),
    ],
)
def test_runs_that_cannot_work_are_refused(hooks, change, message, tmp_path):
    with pytest.raises((UsageError, ValueError), match=message):
        train(config(tmp_path, 20, hooks, **change))


def test_fewer_components_than_classes_are_refused(tmp_path):
    cfg = config(tmp_path, 20, [dict(type='ClassComponentsHook')])
    cfg.model.neck.n_components = 4
    with pytest.raises(UsageError, match='10 classes need as many'):
        train(cfg)


def test_data_without_a_stream_is_refused(tmp_path):
    cfg = config(tmp_path, 20, [dict(type='ClassComponentsHook')])
    del cfg.train_dataloader.batch_sampler
    with pytest.raises(UsageError, match="type='ContinualClassStream'"):
        train(cfg)


@pytest.mark.parametrize(
    'hook',
    [
        'DynamicExpansionHook',
        'GenerativeReplayHook',
        'ClassComponentsHook',
        'ComponentUsageHook',
    ],
)
def test_several_processes_and_other_models_are_refused(hook):
    built = HOOKS.build(dict(type=f'mmssl.{hook}'))
    runner = SimpleNamespace(world_size=2, bare_model=torch.nn.Linear(1, 1))
    with pytest.raises(UsageError, match='one process, this run has 2'):
        built.before_train(runner)
    runner.world_size = 1
    with pytest.raises(UsageError, match='such as CURL, got Linear'):
        built.before_train(runner)


@pytest.mark.parametrize(
    'settings',
    [
        dict(type='GenerativeReplayHook', mode='never'),
        dict(type='GenerativeReplayHook', every_n=1),
        dict(type='DynamicExpansionHook', num_epochs=0),
    ],
)
def test_bad_settings_of_hooks_are_named(settings):
    with pytest.raises(ValueError, match='must be'):
        HOOKS.build(dict(settings, type=f'mmssl.{settings["type"]}'))
