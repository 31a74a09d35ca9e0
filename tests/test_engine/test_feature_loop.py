# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from coloured_pictures import make_runner  # noqa: F401

from mmssl.evaluation import extraction
from mmssl.utils.errors import UsageError


def test_every_evaluation_extracts_the_bank_once(make_runner, monkeypatch):  # noqa: F811
    from mmssl.engine.loops import feature_loop

    calls = []
    original = extraction.extract_features
    monkeypatch.setattr(
        feature_loop,
        'extract_features',
        lambda *args: calls.append(args[2]) or original(*args),
    )
    runner = make_runner(test_cfg__stage='neck')
    metrics = runner.test()
    assert calls == ['neck']
    assert {name.split('/')[0] for name in metrics} == {
        'knn', 'linear', 'logistic', 'collapse',
    }  # fmt: skip
    # Colours are told apart by any network; chance is 33 %.
    assert metrics['knn/top1'] > 60
    assert metrics['collapse/healthy_std'] == pytest.approx(5**-0.5)


def test_a_run_with_online_evaluation_ends_with_the_same_weights(
    make_runner,  # noqa: F811
):
    def train(**changes):
        runner = make_runner(default_hooks__step_seed=None, **changes)
        runner.train()
        return runner.model.state_dict(), torch.get_rng_state()

    weights, random_state = train()
    plain, plain_state = train(
        val_dataloader=None, val_cfg=None, val_evaluator=None
    )
    assert all(torch.equal(weights[name], plain[name]) for name in plain)
    assert torch.equal(random_state, plain_state)


def test_dense_evaluation_of_the_last_epochs_is_a_loop_setting(
    make_runner,  # noqa: F811
):
    runner = make_runner(
        train_cfg=dict(
            max_epochs=8, val_interval=4, dynamic_intervals=[(6, 1)]
        ),
        val_evaluator=[dict(type='KNNMetric', k=3)],
    )
    epochs = []
    loop = runner.val_loop
    original = loop.run
    loop.run = lambda: epochs.append(runner.epoch) or original()
    runner.train()
    assert epochs == [4, 5, 6, 7, 8]


def test_the_model_trains_on_after_an_evaluation(make_runner):  # noqa: F811
    runner = make_runner()
    runner.model.train()
    runner.val()
    assert all(module.training for module in runner.model.modules())


def test_a_missing_bank_is_refused_before_the_test_set_is_read(make_runner):  # noqa: F811
    runner = make_runner(test_cfg__bank_dataloader=None)
    with pytest.raises(UsageError, match='bank_dataloader'):
        runner.test()


def test_label_free_metrics_need_no_bank(make_runner):  # noqa: F811
    runner = make_runner(
        test_cfg__bank_dataloader=None,
        test_evaluator=[dict(type='CollapseMetric')],
        test_dataloader__dataset__labelled=False,
    )
    assert 1 < runner.test()['collapse/effective_rank'] <= 6
