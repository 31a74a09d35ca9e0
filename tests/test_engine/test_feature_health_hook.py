# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from coloured_pictures import make_runner  # noqa: F401
from torch import nn

from mmssl.engine.hooks import FeatureHealthHook
from mmssl.engine.hooks.feature_health_hook import embeddings_of
from mmssl.evaluation.functional import effective_rank, feature_std

HEALTH = dict(type='FeatureHealthHook', interval=2)


def history(runner, name):
    scalars = runner.message_hub.log_scalars
    return scalars[name].data[0].tolist() if name in scalars else []


@pytest.fixture
def train(make_runner):  # noqa: F811
    """Train two epochs of two iterations under the hook."""

    def run(prepare=None, **changes):
        runner = make_runner(
            **{'default_hooks__health': HEALTH, **changes},
            val_dataloader=None,
            val_cfg=None,
            val_evaluator=None,
        )
        if prepare:
            prepare(runner)
        runner.train()
        return runner

    return run


def test_std_and_rank_of_the_necks_output_are_logged(train):
    seen = []

    def prepare(runner):
        runner.model.neck.register_forward_hook(
            lambda module, args, output: seen.append(output.detach())
        )

    runner = train(prepare)
    # Iterations 0 and 2 of 4 are measured; the last output counts.
    calls = len(seen) // 4
    measured = [seen[calls - 1], seen[3 * calls - 1]]
    assert history(runner, 'train/feat_std') == pytest.approx(
        [feature_std(output) for output in measured]
    )
    assert history(runner, 'train/effective_rank') == pytest.approx(
        [effective_rank(output) for output in measured]
    )
    # Only the hook of this test is left.
    assert len(runner.model.neck._forward_hooks) == 1


def test_collapse_is_warned_of_once(train):
    said = []

    def prepare(runner):
        # Every sample gets the same embedding.
        for module in runner.model.neck.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.weight)
                module.bias = nn.Parameter(torch.ones(len(module.weight)))
        runner.logger.warning = said.append

    runner = train(
        prepare,
        default_hooks__health=dict(HEALTH, interval=1),
        optim_wrapper__optimizer__lr=0.0,
        model__neck=dict(type='ProjectionMLP', sizes=(6, 5), _delete_=True),
    )
    assert max(history(runner, 'train/feat_std')) < 1e-6
    warnings = [text for text in said if 'collapsing' in text]
    assert len(warnings) == 1 and 'iteration 1' in warnings[0]


def test_watching_changes_no_weight(train):
    watched = train().model.state_dict()
    plain = train(default_hooks__health=None).model.state_dict()
    assert all(torch.equal(watched[name], plain[name]) for name in plain)


def test_the_rank_uses_the_latest_rows(make_runner):  # noqa: F811
    hook = FeatureHealthHook(rows=4)
    runner = make_runner()
    for scale in (1.0, 2.0, 3.0):
        hook._measure(runner, scale * torch.eye(3))
    assert torch.cat(hook._recent).max(1).values.tolist() == [2] * 3 + [3] * 3


@pytest.mark.parametrize(
    'output, expected',
    [
        (torch.full((2, 3), 5.0), 5),
        ((torch.full((2, 3, 4, 4), 7.0),), 7),
        ((torch.zeros(2, 3, 4, 4), torch.full((2, 3, 2, 2, 2), 6.0)), 6),
        (dict(dense=torch.zeros(2, 3, 4), vector=torch.full((2, 3), 8.0)), 8),
    ],
)
def test_one_vector_a_sample_is_found_in_any_output(output, expected):
    found = embeddings_of(output)
    assert torch.equal(found, torch.full((2, 3), float(expected)))
