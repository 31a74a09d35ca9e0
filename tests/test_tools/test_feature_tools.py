# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from pathlib import Path

import pytest
import torch
from coloured_pictures import write_run

from mmssl.evaluation.extraction import load_features


@pytest.fixture
def run(tmp_path, monkeypatch, quiet):
    """Path of a config and of a checkpoint."""
    monkeypatch.chdir(tmp_path)
    return write_run(tmp_path)


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
    assert draw(['trained.npz', '--method', 'pca', '--out', 'pca.png']) == 0
    assert Path('pca.png').read_bytes() != Path('map.png').read_bytes()


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


def test_clips_are_averaged_mapped_and_retrieved(tool, tmp_path, monkeypatch):
    """Features of a video are means over its clips, in every tool."""
    monkeypatch.chdir(tmp_path)
    task = 'action-retrieval_tiny'
    extract = tool('analysis_tools/extract_features.py').main
    one = ['--cfg-options', 'test_cfg.average_views=False']
    assert extract([task, '--out', 'mean.npz']) == 0
    assert extract([task, '--out', 'first.npz', *one]) == 0
    mean, first = (load_features(f'{n}.npz')[0] for n in ('mean', 'first'))
    assert mean.features.shape == first.features.shape == (24, 64)
    assert not torch.allclose(mean.features, first.features)
    draw = tool('analysis_tools/visualize_features.py').main
    assert draw(['mean.npz', '--config', task, '--thumbnails', 'clips.png',
                 '--perplexity', '5', '--out', 'map.png']) == 0  # fmt: skip
    assert Path('clips.png').stat().st_size > 1000
    test = tool('test.py').main
    assert test([task, 'untrained', '--show-dir', 'shown']) == 0
    assert len(list(Path('shown').glob('retrieval_*.png'))) == 4
    assert 'Retrieval' in Path('shown/report.html').read_text()
