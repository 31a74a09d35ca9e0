# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw episodes of the tiny few-shot config, with an untrained network."""

from types import SimpleNamespace

import pytest
from matplotlib.image import imread

from mmssl.apis import cli
from mmssl.evaluation.metrics import CollapseMetric, FewShotAccuracy
from mmssl.utils.errors import UsageError

OPTIONS = ['--cfg-options', 'test_evaluator.1.n_episodes=20']


@pytest.fixture
def module(tool):
    return tool('analysis_tools/visualize_episodes.py')


def test_sheets_and_confusion_are_drawn(tmp_path, capsys):
    arguments = ['protonet_tiny', '--out-dir', str(tmp_path), '--sheets', '1']
    assert cli.main(['visualize-episodes', *arguments, *OPTIONS]) == 0
    drawn = {path.name: imread(path) for path in tmp_path.iterdir()}
    assert set(drawn) == {'episode_0.png', 'confusion.png'}
    assert all(pixels.std() > 0 for pixels in drawn.values())
    assert '5way_5shot: ' in capsys.readouterr().out


def test_the_metric_is_chosen_by_its_prefix(module):
    metrics = [CollapseMetric(), FewShotAccuracy(), FewShotAccuracy(shot=5)]
    choose = module.few_shot_metric
    assert choose(metrics) is metrics[1]
    assert choose(metrics, '5way_5shot') is metrics[2]
    with pytest.raises(UsageError, match='are 5way_1shot, 5way_5shot'):
        choose(metrics, '5way_2shot')
    with pytest.raises(UsageError, match="add dict.type='FewShotAccuracy'"):
        choose(metrics[:1])


def test_names_replace_classes(module, tmp_path):
    dataset = SimpleNamespace(metainfo=dict(classes=('n1', 'n2')))
    file = tmp_path / 'names.csv'
    file.write_text('wnid,name\nn2,"goldfish, Carassius"\nn3,cat\n')
    assert module.class_names(dataset, str(file)) == ['n1', 'goldfish']
    assert module.class_names(dataset) == ['n1', 'n2']
    with pytest.raises(UsageError, match='names not found: .*no.csv'):
        module.class_names(dataset, str(tmp_path / 'no.csv'))
    file.write_text('wnid,name\nn3,cat\n')
    with pytest.raises(UsageError, match='none of the classes n1, n2'):
        module.class_names(dataset, str(file))


def test_a_negative_number_of_sheets_is_wrong_usage(module, capsys):
    assert module.main(['protonet_tiny', '--sheets', '-1']) == 2
    assert '--sheets must be at least 0' in capsys.readouterr().err
