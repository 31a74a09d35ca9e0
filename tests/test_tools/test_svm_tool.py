# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SVMs on features of pictures whose colours are their classes."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

import mmssl

CONFIG = """
model = dict(
    type='BYOL',
    backbone=dict(type='SmallConvNet', channels=(8, 8), strides=(2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(8, 8, 6)),
    head=dict(type='PredictionHead', sizes=(6, 8, 6)))
"""
SHIPPED = Path(mmssl.get_config_dir()) / (
    'benchmarks/classification/svm_small-conv_mini.py'
)
COLOURS = dict(red=(0, 0, 255), green=(0, 255, 0))  # BGR


@pytest.fixture
def setup(tmp_path):
    (tmp_path / 'net.py').write_text(CONFIG)
    torch.manual_seed(0)
    model = mmssl.get_model(str(tmp_path / 'net.py'))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'net.pth')
    rng = np.random.default_rng(0)
    for split in ('train', 'test'):
        images, boxes = [], []
        for number in range(24):
            img = np.full((40, 48, 3), 40, np.uint8)
            for column, colour in enumerate(COLOURS.values()):
                if rng.random() < 0.5:
                    img[:, 24 * column : 24 * column + 20] = colour
                    boxes.append(
                        dict(image_id=number, category_id=10 + column)
                    )
            cv2.imwrite(str(tmp_path / f'{split}{number}.png'), img)
            images.append(dict(id=number, file_name=f'{split}{number}.png'))
        boxes.append(dict(image_id=0, category_id=12, ignore=1))
        names = [*COLOURS, 'rare']
        content = dict(
            images=images,
            annotations=boxes,
            categories=[dict(id=10 + i, name=n) for i, n in enumerate(names)],
        )
        (tmp_path / f'{split}.json').write_text(json.dumps(content))
    return tmp_path


def arguments(setup, weights):
    return [
        str(setup / 'net.py'), weights, '--train', str(setup / 'train.json'),
        '--test', str(setup / 'test.json'), '--images', str(setup),
        '--size', '32',
    ]  # fmt: skip


def test_colours_are_learnt_with_all_labels_and_with_few(tool, setup, capsys):
    main = tool('evaluation/svm.py').main
    out = setup / 'svm.json'
    own = arguments(setup, str(setup / 'net.pth'))
    own += ['--neighbours', '3']
    own += ['--low-shot', '1', '4', '--samples', '2', '--out', str(out)]
    assert main(own) == 0
    results = json.loads(out.read_text())
    assert results['svm/mAP'] > 90
    assert {k for k in results if '/AP ' in k} == {
        'svm/AP red', 'svm/AP green'
    }  # fmt: skip
    assert results['svm/neighbours'] > 60
    assert results['svm/4-shot mAP'] > 80
    assert '24 pictures to train' in capsys.readouterr().out
    assert main(arguments(setup, 'untrained')) == 0


def test_bad_input_is_refused(tool, setup, capsys):
    main = tool('evaluation/svm.py').main
    own = arguments(setup, 'untrained')
    assert main([*own, '--low-shot', '90']) == 2
    assert '90 positives of each class' in capsys.readouterr().err
    assert main([*own, '--size', '4']) == 1
    assert 'at least 2 x 2 cells' in capsys.readouterr().err
    assert main([*own, '--least', '99']) == 2
    assert 'no class is shown by 99 pictures' in capsys.readouterr().err
    content = json.loads((setup / 'test.json').read_text())
    content['categories'].pop()
    (setup / 'test.json').write_text(json.dumps(content))
    assert main(own) == 2
    assert 'KeyError(12)' in capsys.readouterr().err
    content['annotations'].pop()
    (setup / 'test.json').write_text(json.dumps(content))
    assert main(own) == 2
    assert 'different classes' in capsys.readouterr().err


def test_a_config_with_the_metrics_gives_the_same_numbers(tool, setup):
    own = arguments(setup, str(setup / 'net.pth'))
    out = setup / 'svm.json'
    own += ['--low-shot', '1', '4', '--samples', '2', '--out', str(out)]
    assert tool('evaluation/svm.py').main(own) == 0
    cfg = Config.fromfile(SHIPPED)  # on this data and network
    cfg.model.backbone.update(channels=(8, 8), strides=(2, 2))
    cfg.test_evaluator[1].update(shots=(1, 4), samples=2)
    for metric in cfg.test_evaluator:
        metric.least = 3
    for name, loader in (
        ('train', cfg.test_cfg.bank_dataloader), ('test', cfg.test_dataloader)
    ):  # fmt: skip
        loader.dataset.update(
            data_root=str(setup), images='', ann_file=f'{name}.json'
        )
        loader.dataset.views[0].size = 32
    cfg.work_dir = str(setup / 'runs')
    cfg.dump(setup / 'svm.py')
    metrics = setup / 'metrics.json'
    words = [str(setup / 'svm.py'), str(setup / 'net.pth')]
    assert tool('test.py').main([*words, '--out', str(metrics)]) == 0
    found = json.loads(metrics.read_text())['metrics']
    assert found == pytest.approx(json.loads(out.read_text()))
