# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import json
import math
from pathlib import Path

import pytest
import torch
from coloured_pictures import config

import mmssl
from mmssl.evaluation.extraction import load_features
from mmssl.registry import MODELS


@pytest.fixture
def run(tmp_path, monkeypatch, quiet):
    """Path of a config and of checkpoints of two seeds, one folder."""
    runtime = Path(mmssl.get_config_dir()) / '_base_' / 'default_runtime.py'
    cfg = config()
    cfg.custom_imports = dict(imports=['coloured_pictures', 'mmssl.engine'])
    cfg.default_hooks = {}
    for metric in cfg.test_evaluator:
        if metric.type == 'LinearProbeMetric':
            metric.update(lr=0.1, epochs=20)
    text = f'_base_ = [{str(runtime)!r}]\n{cfg.pretty_text}'
    (tmp_path / 'colours.py').write_text(text)
    for seed in (3, 4):
        torch.manual_seed(seed)
        model = MODELS.build(cfg.model)
        torch.save(
            dict(state_dict=model.state_dict(), meta=dict(seed=seed)),
            tmp_path / f'seed{seed}.pth',
        )
    monkeypatch.chdir(tmp_path)
    return 'colours.py', 'seed3.pth'


def test_features_are_extracted_and_mapped(tool, run, tmp_path):
    extract = tool('analysis_tools/extract_features.py').main
    assert extract([*run, '--out', 'trained.npz']) == 0
    assert extract([run[0], '--out', 'untrained.npz', '--split', 'test']) == 0
    assert extract([*run, '--out', 'bank.npz', '--split', 'bank',
                    '--stage', 'neck']) == 0  # fmt: skip
    trained, header = load_features('trained.npz')
    assert trained.features.shape == (12, 6)
    assert header['checkpoint'] == 'seed3.pth'
    assert header['config'] == 'colours.py'
    assert load_features('bank.npz')[0].features.shape == (24, 5)
    assert not torch.equal(
        load_features('untrained.npz')[0].features, trained.features
    )
    draw = tool('analysis_tools/visualize_features.py').main
    assert draw(['untrained.npz', 'trained.npz', '--out', 'map.png',
                 '--config', run[0], '--thumbnails', 'pictures.png',
                 '--samples', '9', '--pictures', '5']) == 0  # fmt: skip
    assert Path('map.png').stat().st_size > 1000
    assert Path('pictures.png').stat().st_size > 1000


def test_maps_of_different_samples_are_refused(tool, run, capsys):
    extract = tool('analysis_tools/extract_features.py').main
    extract([*run, '--out', 'test.npz'])
    extract([*run, '--out', 'bank.npz', '--split', 'bank'])
    draw = tool('analysis_tools/visualize_features.py').main
    assert draw(['test.npz', 'bank.npz']) == 2
    assert 'different samples' in capsys.readouterr().err
    assert draw(['test.npz', '--thumbnails', 'a.png']) == 2


def test_report_compares_with_the_untrained_network(tool, run, capsys):
    assert tool('analysis_tools/report.py').main([*run, '--out', 'page']) == 0
    text = Path('page/report.html').read_text(encoding='utf-8')
    for part in ('untrained', 'seed3.pth', 'knn/top1', 'Nearest neighbours'):
        assert part in text
    assert Path('page/map.png').is_file()
    assert 'untrained' in capsys.readouterr().out


def test_report_of_an_absent_checkpoint_is_a_wrong_usage(tool, run, capsys):
    report = tool('analysis_tools/report.py').main
    assert report([run[0], 'none.pth']) == 2
    assert 'checkpoint not found: none.pth' in capsys.readouterr().err


def test_comparison_averages_seeds_and_counts_gains(tool, run, capsys):
    compare = tool('benchmarks/compare.py').main
    arguments = [
        f'Ours={run[0]}:seed*.pth', f'One={run[0]}:seed3.pth',
        '--untrained', '--out', 'table',
    ]  # fmt: skip
    assert compare(arguments) == 0
    rows = json.loads(Path('table/results.json').read_text())['rows']
    rows = {row['name']: row for row in rows}
    assert list(rows) == ['untrained', 'Ours', 'One']
    assert rows['untrained']['seeds'] == rows['Ours']['seeds'] == [3, 4]
    ours = rows['Ours']['collapse/effective_rank']
    assert ours['mean'] == pytest.approx(sum(ours['values']) / 2)
    assert ours['values'][0] == rows['One']['collapse/effective_rank']['mean']
    assert isinstance(ours['gain'], float)
    assert rows['One']['collapse/effective_rank']['half_interval'] is None
    markdown = Path('table/table.md').read_text()
    assert markdown.count('\n') == 5 and ' ± ' in markdown
    assert markdown in capsys.readouterr().out
    assert len(Path('table/table.csv').read_text().splitlines()) == 4
    assert Path('table/bars.png').is_file()


def test_an_interrupted_comparison_reuses_what_it_knows(
    tool, run, monkeypatch
):
    from mmssl.evaluation import session

    compare = tool('benchmarks/compare.py').main
    arguments = [f'Ours={run[0]}:seed3.pth', '--out', 'table']
    assert compare(arguments) == 0
    monkeypatch.setattr(session, 'build_runner', lambda cfg: 1 / 0)
    assert compare(arguments) == 0
    assert compare([*arguments, '--fresh']) == 1
    assert compare([*arguments, '--cfg-options', 'randomness.seed=9']) == 1


def test_other_evaluations_replace_the_runs_own(tool, run):
    text = Path(run[0]).read_text() + (
        "\ntest_evaluator = [dict(type='CollapseMetric', prefix='other')]\n"
    )
    Path('other.py').write_text(text)
    compare = tool('benchmarks/compare.py').main
    assert compare([f'Ours={run[0]}:seed3.pth', '--out', 'table',
                    '--evaluations', 'other.py']) == 0  # fmt: skip
    (row,) = json.loads(Path('table/results.json').read_text())['rows']
    assert {key for key in row if '/' in key} == {
        'other/feature_std', 'other/healthy_std', 'other/effective_rank',
    }  # fmt: skip


@pytest.mark.parametrize(
    'run_argument, message',
    [
        ('colours.py:seed3.pth', 'not NAME=CONFIG:CHECKPOINT'),
        ('Ours=colours.py', 'not NAME=CONFIG:CHECKPOINT'),
        ('Ours=colours.py:none*.pth', 'no checkpoint matches none'),
    ],
)
def test_runs_that_cannot_be_read_are_refused(
    tool, run, capsys, run_argument, message
):
    assert tool('benchmarks/compare.py').main([run_argument]) == 2
    assert message in capsys.readouterr().err


def test_an_unknown_metric_names_those_that_are_there(tool, run, capsys):
    compare = tool('benchmarks/compare.py').main
    assert compare([f'Ours={run[0]}:seed3.pth', '--out', 'table',
                    '--metrics', 'knn/top2']) == 2  # fmt: skip
    assert 'knn/top1' in capsys.readouterr().err


def test_json_has_neither_nan_nor_infinity(tool):
    plain = tool('benchmarks/compare.py')._plain
    assert plain(dict(a=[math.nan, math.inf, 1.5])) == dict(
        a=[None, 'inf', 1.5]
    )
