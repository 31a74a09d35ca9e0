# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The page of a run folder: finished, killed, resumed, of any method."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

import mmssl
from mmssl.apis import cli
from mmssl.apis.run_pictures import add_pictures
from mmssl.apis.run_report import run_report, state_of
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.visualization import Report
from mmssl.visualization.run_log import merge, read_starts


def write_start(run_dir, name, records, lines=(), env=None, cut=False):
    """A folder of one start, as MMEngine writes it."""
    folder = run_dir / name
    (folder / 'vis_data').mkdir(parents=True)
    text = ''.join(json.dumps(record) + '\n' for record in records)
    if cut:
        text += '{"loss": 1.'
    (folder / 'vis_data/scalars.json').write_text(text)
    (folder / f'{name}.log').write_text('\n'.join(lines))
    (folder / 'env.json').write_text(json.dumps(env or dict(seed=3)))
    return folder


def train(step, loss, epoch=1):
    return dict(loss=loss, lr=0.1, epoch=epoch, iter=step, step=step)


def line(clock, text, level='INFO'):
    return f'2026/11/25 {clock} - mmengine - {level} - {text}'


@pytest.fixture
def killed(tmp_path):
    """Killed at iteration 30, resumed from 20, killed while writing."""
    write_start(
        tmp_path, '20261125_100000',
        [train(10, 3.0), train(20, 2.0), {'knn/top1': 40.0, 'step': 2},
         train(30, 9.0)],
        [line('10:00:00', 'start'),
         line('10:00:30', 'Epoch(train) [1][10/20]  lr: 1'),
         line('10:01:00', 'the embeddings are collapsing', 'WARNING'),
         line('10:01:00', 'the embeddings are collapsing', 'WARNING'),
         line('10:01:30', 'Epoch(train) [2][10/20]  lr: 1')],
    )  # fmt: skip
    write_start(
        tmp_path, '20261125_110000',
        [train(30, 1.5, 2), train(40, 1.0, 2),
         {'knn/top1': 50.0, 'x': float('nan'), 'step': 4}],
        [line('11:00:00', 'Epoch(train)  [2][20/20]  lr: 1')],
        cut=True,
    )  # fmt: skip
    (tmp_path / 'a.py').write_text(
        "model = dict(type='X')\ntrain_cfg = dict(max_epochs=4)\n"
        "train_dataloader = dict(batch_size=8, dataset=dict(type='Y'))\n"
    )
    return tmp_path


def test_the_later_start_counts_where_two_overlap(killed):
    history = merge(read_starts(killed))
    assert history.curves['loss'] == ([10, 20, 30, 40], [3, 2, 1.5, 1])
    assert [v.iteration for v in history.validations] == [20, 40]
    # Begun anew in the same folder: nothing of the first run is shown.
    write_start(killed, '20261125_120000', [train(10, 5.0), train(20, 4.0)])
    history = merge(read_starts(killed))
    assert history.curves['loss'] == ([10, 20], [5, 4])
    assert history.validations == []


def test_how_far_a_run_came(killed):
    cfg = load_config(str(killed / 'a.py'))
    starts = read_starts(killed)
    text = 'not finished: iteration 40 of 80 is the last one logged'
    assert state_of(starts, cfg) == text
    cfg.train_cfg.max_epochs = 2
    assert state_of(starts, cfg) == 'finished, 40 iterations'
    lines = [line('12:00:00', 'Iter(train) [ 300/3000]  lr: 1')]
    write_start(killed, '20261125_120000', [], lines)
    assert 'iteration 300 of 3000' in state_of(read_starts(killed), cfg)
    # 51 iterations an epoch, of which every tenth is logged.
    lines = [
        line('12:00:00', 'Epoch(train)  [4][50/51]  lr: 1'),
        line('12:00:01', 'Saving checkpoint at 4 epochs'),
    ]
    write_start(killed, '20261125_130000', [], lines[:1])
    cfg.train_cfg.max_epochs = 4
    assert 'iteration 203 of 204' in state_of(read_starts(killed), cfg)
    write_start(killed, '20261125_140000', [], lines)
    assert state_of(read_starts(killed), cfg) == 'finished, 204 iterations'
    none = [s._replace(place=None) for s in starts]
    assert state_of(none, cfg) == 'no iteration was logged'


def test_the_page_of_a_killed_run_says_what_it_lacks(killed, tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(killed / 'seen.png')
    metrics = dict(metrics={'linear/top1': 61.5})
    path = killed / '20261125_110000/metrics.json'
    path.write_text(json.dumps(metrics))
    page = run_report(killed).write(tmp_path / 'page')
    text = page.read_text(encoding='utf-8')
    for part in (
        '<h1>a</h1>', 'iteration 40 of 80', '2 times: 20261125_100000',
        '<dd>0:01:30</dd>', '<dt>seed</dt><dd>3</dd>', 'knn/top1',
        'iteration 20', '1 metrics are left out', 'linear/top1', '61.5',
        'seen.png', 'the last line of scalars.json was cut off',
        'collapsing (2 times)', 'Not drawn: ', 'There is no checkpoint',
    ):  # fmt: skip
        assert part in text, part
    # Offline: pictures are inside, and nothing is asked of a server.
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources and all(s.startswith('data:image/png') for s in sources)
    assert not re.search(r'<(script|link|iframe)|url\(', text)


def test_what_is_no_run_folder(tmp_path, killed):
    with pytest.raises(UsageError, match='no run folder at'):
        run_report(tmp_path / 'none')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UsageError, match=r'empty is no run folder: it has no'):
        run_report(tmp_path / 'empty')
    (tmp_path / 'runs').mkdir()
    write_start(tmp_path / 'runs/first', '20261125_100000', [])
    with pytest.raises(UsageError, match='one of the runs in it, such as .*f'):
        run_report(tmp_path / 'runs')
    scalars = killed / '20261125_100000/vis_data/scalars.json'
    scalars.write_text('{\n{"loss": 1}\n')
    with pytest.raises(UsageError, match='line 1 is not JSON'):
        run_report(killed)


def test_a_resumed_run_by_the_tool(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    option = ['--cfg-options', 'train_cfg.max_epochs=1']
    assert cli.main(['train', 'simclr_tiny', *option]) == 0
    option[1] = 'train_cfg.max_epochs=2'
    assert cli.main(['train', 'simclr_tiny', '--resume', *option]) == 0
    assert cli.main(['report', 'work_dirs/simclr_tiny']) == 0
    page = tmp_path / 'work_dirs/simclr_tiny/report/report.html'
    text = page.read_text(encoding='utf-8')
    assert '2 times: ' in text and 'finished, ' in text
    for part in ('SimCLR', 'Nearest neighbours', 'What the network sees'):
        assert part in text
    assert 'Not drawn' not in text
    # The pictures of the page are not taken for pictures of the run.
    assert cli.main(['report', 'work_dirs/simclr_tiny', '--no-pictures']) == 0
    assert 'Pictures of the run' not in page.read_text(encoding='utf-8')
    capsys.readouterr()
    assert cli.main(['report', 'simclr_tiny']) == 2
    assert 'simclr_tiny is no run folder' in capsys.readouterr().err
    assert cli.main(['report', 'work_dirs', 'a.pth']) == 2
    assert 'work_dirs is a run folder' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('name', 'headings'),
    [
        ('curl_tiny', ['What the network sees', 'Components']),
        ('cyclegan_tiny', ['What the network sees', 'Translations']),
        ('videoqa_tiny', ['Questions']),
        ('dense_vos_tiny', ['What the network sees']),
        ('scrl_tiny', ['What the network sees', 'Nearest neighbours']),
        ('protonet_tiny', ['What the network sees', 'Nearest neighbours']),
        ('cmd_tiny', ['What the network sees', 'Pictures']),
        ('semisup_tiny', ['What the network sees', 'Predictions']),
        ('action-finetune_tiny', ['Predictions']),
        ('action-retrieval_tiny', ['Nearest neighbours']),
    ],
)
def test_pictures_of_each_kind_of_method(name, headings, tmp_path):
    assert headings_of(name, {}, tmp_path)[: len(headings)] == headings


def test_pictures_of_a_detector(tmp_path):
    Image.fromarray(np.zeros((64, 96, 3), np.uint8)).save(tmp_path / 'a.jpg')
    box = dict(id=1, image_id=1, category_id=1, bbox=[9, 9, 30, 40],
               area=1200, iscrowd=0)  # fmt: skip
    annotations = dict(
        images=[dict(id=1, file_name='a.jpg', width=96, height=64)],
        annotations=[box], categories=[dict(id=1, name='person')],
    )  # fmt: skip
    (tmp_path / 'a.json').write_text(json.dumps(annotations))
    data = dict(
        data_root=f'{tmp_path}/', ann_file='a.json', data_prefix=dict(img='')
    )
    changes = dict(
        train_dataloader=dict(dataset=data), test_dataloader=dict(dataset=data)
    )
    assert headings_of('fcos_small_mini', changes, tmp_path) == ['Detections']


def headings_of(name, changes, tmp_path):
    """Headings of the pictures of a shipped config, none left undrawn."""
    torch.manual_seed(0)
    shipped = load_config(name, config_dir=mmssl.get_config_dir())
    path = tmp_path / f'{name}.py'
    path.write_text(f"_base_ = ['{shipped.filename}']\n")
    cfg = load_config(str(path))
    changes = dict(changes)
    if 'init_cfg' in shipped.model.get('backbone', {}):
        changes['model'] = dict(backbone=dict(init_cfg=None))
    cfg.merge_from_dict(changes)
    cfg.dump(str(path))
    weights = tmp_path / 'epoch_1.pth'
    state = mmssl.get_model(str(path)).state_dict()
    torch.save(dict(state_dict=state), weights)
    cfg = load_config(str(path))
    report = Report(name)
    add_pictures(report, cfg, str(weights))
    text = report.write(tmp_path / 'page').read_text(encoding='utf-8')
    assert 'Not drawn' not in text
    return re.findall('<h2>(.*?)</h2>', text)
