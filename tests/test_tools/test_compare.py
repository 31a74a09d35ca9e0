# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One table of many checkpoints."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch
from coloured_pictures import write_run

from mmssl.evaluation.functional import summarize


@pytest.fixture
def run(tmp_path, monkeypatch, quiet):
    """Path of a config and of one of two checkpoints."""
    monkeypatch.chdir(tmp_path)
    return write_run(tmp_path)


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
    assert ours['half_interval'] == pytest.approx(
        summarize(ours['values']).half_interval
    )
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


def test_checkpoints_with_commas_and_the_word_untrained(tool, run):
    compare = tool('benchmarks/compare.py').main
    assert compare([
        f'Ours={run[0]}:seed4.pth,seed3.pth', f'random={run[0]}:untrained',
        '--out', 'table', '--metrics', 'collapse/effective_rank',
    ]) == 0  # fmt: skip
    ours, untrained = json.loads(Path('table/results.json').read_text())[
        'rows'
    ]
    assert ours['seeds'] == [4, 3] and ours['trained']
    assert untrained['name'] == 'random' and not untrained['trained']
    rank = ours['collapse/effective_rank']
    assert len(rank['values']) == 2 and rank['half_interval'] > 0
    # A gain needs the spread of both sides, and one network has none.
    assert rank['gain'] is None
    with open('table/table.csv') as file:
        table = list(csv.reader(file))
    assert [line[0] for line in table] == ['network', 'Ours', 'random']


def test_what_fails_is_named_and_the_rest_is_kept(
    tool, run, capsys, monkeypatch
):
    weights = torch.load('seed4.pth')
    weights['state_dict'] = {'other': torch.ones(1)}
    torch.save(weights, 'seed4.pth')
    Path('other.py').write_text(
        Path(run[0]).read_text()
        + "\ntest_evaluator = [dict(type='CollapseMetric', prefix='x')]\n"
        "test_dataloader = dict(dataset=dict(type='Nowhere'))\n"
    )
    compare = tool('benchmarks/compare.py').main
    arguments = [
        f'Ours={run[0]}:seed*.pth', '--out', 'table',
        '--evaluations', run[0], 'other.py',
    ]  # fmt: skip
    assert compare(arguments) == 1
    captured = capsys.readouterr()
    markdown = Path('table/table.md').read_text()
    assert markdown in captured.out
    assert 'Ours (seed4.pth, colours.py): only 0 of' in markdown
    assert 'Ours (seed3.pth, other.py): Nowhere is not in' in markdown
    assert '(1 of 2)' in markdown
    content = json.loads(Path('table/results.json').read_text())
    assert len(content['failures']) == 3
    assert 'colours: knn/top1' in content['rows'][0]
    # Mended, only what failed is evaluated again.
    from mmssl.evaluation import session

    asked = []
    build = session.build_runner
    monkeypatch.setattr(
        session, 'build_runner', lambda cfg: asked.append(cfg) or build(cfg)
    )
    assert compare(arguments) == 1
    assert len(asked) == 3


def test_an_own_metric_plugs_in_by_its_name(tool, run, monkeypatch):
    monkeypatch.syspath_prepend('.')
    Path('own_metric.py').write_text(
        'from mmssl.evaluation.metrics import FeatureMetric\n'
        'from mmssl.registry import METRICS\n\n\n'
        '@METRICS.register_module()\n'
        'class CountMetric(FeatureMetric):\n'
        "    default_prefix = 'count'\n\n"
        '    def compute_metrics(self, test):\n'
        '        return dict(samples=len(test.labels))\n'
    )
    Path('own.py').write_text(
        Path(run[0]).read_text()
        + "\ncustom_imports['imports'].append('own_metric')\n"
        "test_evaluator = [dict(type='CountMetric')]\n"
    )
    compare = tool('benchmarks/compare.py').main
    assert compare([f'Ours={run[0]}:seed3.pth', '--out', 'table',
                    '--evaluations', 'own.py']) == 0  # fmt: skip
    (row,) = json.loads(Path('table/results.json').read_text())['rows']
    assert row['count/samples']['mean'] == 12
