# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from coloured_pictures import (  # noqa: F401
    MODEL,
    loader,
    make_loader,
    make_runner,
    method,
)
from two_processes import run_in_two_processes

from mmssl.engine.runner import Runner
from mmssl.evaluation import extraction
from mmssl.registry import MODELS
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


def test_batch_norms_see_other_data_for_an_evaluation_only(
    make_runner,  # noqa: F811
):
    def evaluated(**changes):
        runner = make_runner(
            test_evaluator=[dict(type='CollapseMetric')], **changes
        )
        before = {k: v.clone() for k, v in runner.model.state_dict().items()}
        results = runner.test()
        after = runner.model.state_dict()
        assert all(torch.equal(after[name], before[name]) for name in before)
        return results['collapse/effective_rank']

    plain = evaluated()
    ranks = {
        name: evaluated(test_cfg__bn_warmup=name) for name in ('train', 'test')
    }
    assert len({plain, *ranks.values()}) == 3


def test_the_warmed_up_statistics_are_those_of_the_batches(
    method,  # noqa: F811
    make_loader,  # noqa: F811
):
    data = make_loader(size=9)  # of 4, 4 and 1, which has no variance
    norm = method.backbone.layers[0][1]
    method.train()
    expected = torch.zeros(4)
    for batch in list(data)[:2]:
        inputs = method.data_preprocessor(batch)['inputs'][0]
        mean = method.backbone.layers[0][0](inputs).mean((0, 2, 3))
        expected = 0.9 * expected + 0.1 * mean.detach()
    with extraction.warmed_up(method, data):
        assert torch.allclose(norm.running_mean, expected, atol=1e-6)
        assert norm.num_batches_tracked == 2 and norm.training
    assert norm.running_mean.abs().sum() == 0
    with extraction.warmed_up(method, data, batches=1):
        assert norm.num_batches_tracked == 1
    with extraction.warmed_up(method, None):
        assert norm.num_batches_tracked == 0


def warmed_up_mean(rank):
    torch.manual_seed(0)
    model = MODELS.build(MODEL)
    data = Runner.build_dataloader(loader(size=8), seed=0)
    norm = model.backbone.layers[0][1]
    with extraction.warmed_up(model, data):
        return norm.running_mean.clone()


def test_processes_share_the_warmed_up_statistics():
    first, second = run_in_two_processes(warmed_up_mean)
    assert torch.equal(first, second) and first.abs().sum() > 0


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(bn_warmup='bank'), "'train', 'test' or None, got 'bank'"),
        (dict(bn_warmup='train', bank_dataloader=None), 'bank_dataloader'),
    ],
)
def test_a_warmup_without_data_is_refused(make_runner, changes, message):  # noqa: F811
    changes = {f'test_cfg__{k}': v for k, v in changes.items()}
    with pytest.raises(UsageError, match=message):
        make_runner(**changes).test()


def test_any_backbone_is_evaluated_by_episodes(make_runner):  # noqa: F811
    metric = dict(type='FewShotAccuracy', n_episodes=20, way=3, query=3)
    runner = make_runner(
        test_cfg__bank_dataloader=None, test_evaluator=[metric]
    )
    assert type(runner.model).__name__ == 'SimCLR'
    assert runner.test()['3way_1shot/accuracy'] > 60
