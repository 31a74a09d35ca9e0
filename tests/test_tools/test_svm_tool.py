# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SVMs on features of pictures whose colours are their classes."""

import json

import cv2
import numpy as np
import pytest
import torch

import mmssl

CONFIG = """
model = dict(
    type='BYOL',
    backbone=dict(type='SmallConvNet', channels=(8, 8), strides=(2, 2)),
    neck=dict(type='ProjectionMLP', sizes=(8, 8, 6)),
    head=dict(type='PredictionHead', sizes=(6, 8, 6)))
"""
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
        '--size', '32', '--pool', '4',
    ]  # fmt: skip


def test_colours_are_learnt_with_all_labels_and_with_few(tool, setup, capsys):
    main = tool('evaluation/svm.py').main
    out = setup / 'svm.json'
    own = arguments(setup, str(setup / 'net.pth'))
    own += ['--neighbours', '3']
    own += ['--low-shot', '1', '4', '--samples', '2', '--out', str(out)]
    assert main(own) == 0
    results = json.loads(out.read_text())
    assert results['mAP'] > 90 and set(results['classes']) == set(COLOURS)
    assert results['neighbours'] > 60
    assert results['low_shot']['4']['mean'] > 80
    assert '2 classes, 24 pictures to train' in capsys.readouterr().out
    assert main(arguments(setup, 'untrained')) == 0


def test_bad_input_is_refused(tool, setup, capsys):
    main = tool('evaluation/svm.py').main
    own = arguments(setup, 'untrained')
    assert main([*own, '--low-shot', '90']) == 2
    assert '90 positives of each class' in capsys.readouterr().err
    assert main([*own, '--pool', '9']) == 2
    assert 'larger than the map of (8, 8) cells' in capsys.readouterr().err
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
