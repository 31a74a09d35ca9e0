# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Both stages train, the second from the first; every config's data load."""

import json
import math
import re
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmssl import get_config_dir
from mmssl.apis import cli
from mmssl.datasets.video_qa.toy import write_toy_set
from mmssl.engine import *  # noqa: F403
from mmssl.registry import MODELS
from mmssl.utils.data_root import DATA_ROOT_VARIABLE
from mmssl.visualization.curves import find_scalars, read_scalars

CONFIGS = Path(get_config_dir()) / 'videoqa'
TINY = ('videoqa-pretrain_tiny', 'videoqa_tiny')
GENERATED = ('_tiny', 'toy_mini')
WITH_FILES = sorted(
    p.stem for p in CONFIGS.glob('*.py') if not p.stem.endswith(GENERATED)
)


def train(config, folder, *options):
    arguments = [config, '--work-dir', str(folder), '--cfg-options']
    arguments += ['default_hooks.logger.interval=1', *options]
    assert cli.main(['train', *arguments]) == 0
    return read_scalars(find_scalars(folder))


@pytest.fixture(scope='module')
def first_stage(tmp_path_factory):
    folder = tmp_path_factory.mktemp('first')
    return folder, train(TINY[0], folder)


def falls(curves):
    losses = curves['loss'][1]
    assert all(map(math.isfinite, losses))
    part = len(losses) // 6
    return fmean(losses[-part:]) < fmean(losses[:part]) - 0.05


def test_the_loss_of_the_first_stage_falls(first_stage):
    _, curves = first_stage
    assert falls(curves)
    assert curves['feat_std'][1][-1] > 0
    assert 0 <= curves['qa/accuracy'][1][-1] <= 100


def test_the_second_stage_starts_from_the_first(first_stage, tmp_path):
    folder, _ = first_stage
    (checkpoint,) = folder.glob('epoch_*.pth')
    curves = train(TINY[1], tmp_path, f'load_from={checkpoint}')
    assert falls(curves)
    for name in ('loss_qa', 'loss_span', 'loss_contrast', 'acc'):
        assert len(curves[name][1]) == len(curves['loss'][1])
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert f'loaded weights from {checkpoint}' in log
    assert 'missing 2 [span_head.linear.weight, span_head.linear.bias]' in log


@pytest.mark.parametrize(
    'fresh', [['choice_head.'], ['choice_head.', 'text_reader.', 'visual_']]
)
def test_a_fresh_score_layer_can_be_asked_for(first_stage, fresh):
    folder, _ = first_stage
    (checkpoint,) = folder.glob('epoch_*.pth')
    weights = torch.load(checkpoint, weights_only=True)['state_dict']
    cfg = Config.fromfile(
        CONFIGS / 'videoqa_tiny.py', format_python_code=False
    )
    cfg.model.init_cfg = dict(
        type='Pretrained', checkpoint=str(checkpoint),
        exclude=fresh,
    )  # fmt: skip
    with DefaultScope.overwrite_default_scope('mmssl'):
        model = MODELS.build(cfg.model)
        before = model.choice_head.score.weight.clone()
        model.init_weights()
    assert torch.equal(model.choice_head.score.weight, before)
    for name, value in model.state_dict().items():
        if not name.startswith((*fresh, 'span_head.')):
            assert torch.equal(value, weights[name])


def test_a_trained_model_is_tested_by_the_usual_tool(first_stage, capsys):
    folder, _ = first_stage
    (checkpoint,) = folder.glob('epoch_*.pth')
    assert cli.main(['test', TINY[0], str(checkpoint)]) == 0
    assert 'qa/accuracy' in capsys.readouterr().out


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """The files that the configs name, with generated content."""
    pytest.importorskip('h5py')
    transformers = pytest.importorskip('transformers')
    from mmssl.datasets.video_qa import toy_vocabulary

    root = tmp_path_factory.mktemp('data')
    for folder, layout in (
        ('tvqa', 'tvqa'), ('tvqa_plus', 'tvqa_plus'), ('dramaqa', 'dramaqa'),
        ('tvqa_mini', 'tvqa_plus'),
    ):  # fmt: skip
        write_toy_set(root / folder, layout, num_clips=4)
    words = '\n'.join(toy_vocabulary())
    for folder in ('bert-base-uncased', 'tvqa_mini/tokenizer'):
        (root / folder).mkdir(parents=True)
        (root / folder / 'vocab.txt').write_text(words)
        transformers.BertTokenizerFast(
            str(root / folder / 'vocab.txt')
        ).save_pretrained(root / folder)
    for split in ('train', 'val'):
        (root / f'tvqa/tvqa_{split}.jsonl').symlink_to('qa.jsonl')
        (root / f'tvqa_plus/tvqa_plus_{split}.json').symlink_to('qa.json')
        (root / f'dramaqa/AnotherMissOhQA_{split}_set.json').symlink_to(
            'qa.json'
        )
        rows = json.loads((root / 'tvqa_mini/qa.json').read_text())
        text = '\n'.join(map(json.dumps, rows))
        (root / f'tvqa_mini/tvqa_plus_{split}.jsonl').write_text(text)
    for folder in ('tvqa', 'tvqa_plus'):
        (root / folder / 'subtitles').symlink_to('subtitles.jsonl')
        (root / folder / 'imagenet_resnet101_pool5.h5').symlink_to(
            'features.h5'
        )
    for name in ('script', 'visual'):
        (root / f'dramaqa/AnotherMissOh_{name}.json').symlink_to(
            f'{name}.json'
        )
    (root / 'dramaqa/resnet101.h5').symlink_to('features.h5')
    subtitles = (root / 'tvqa_mini/subtitles.jsonl').read_text()
    clips = {}
    for row in map(json.loads, subtitles.splitlines()):
        described = [
            dict(desc=s['text'], ts=[s['start'], s['end']]) for s in row['sub']
        ]
        end = max(s['end'] for s in row['sub'])
        clips[row['vid_name']] = dict(duration=end, descriptions=described)
    (root / 'tvqa_mini/clips.json').write_text(json.dumps(clips))
    return root


@pytest.mark.parametrize('name', WITH_FILES)
def test_every_data_loader_gives_a_batch(name, data_root, monkeypatch):
    monkeypatch.setenv(DATA_ROOT_VARIABLE, str(data_root))
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    cfg = Config.fromfile(CONFIGS / f'{name}.py', format_python_code=False)
    main = 'pretrain' not in name and 'question' not in name
    for part in ('train', 'val'):
        settings = cfg[f'{part}_dataloader']
        settings.update(batch_size=2, num_workers=0, persistent_workers=False)
        with DefaultScope.overwrite_default_scope('mmssl'):
            loader = Runner.build_dataloader(settings, seed=0)
        both = next(iter(loader))
        inputs = both['inputs']
        assert inputs['ids'].shape[:2] == (2, 5)
        assert len(both['data_samples']) == 2
        assert ('masked_ids' in inputs) == (
            part == 'train' and 'pretrain' not in name
        )
        spans = 'dramaqa' not in name and 'pretrain' not in name
        assert (inputs['span_target'] >= 0).all() == spans
        frames = inputs['frames'].shape[1] > 0
        assert frames == ('bert-base' in name or 'frames' in name)
        assert np.isfinite(inputs['times'].numpy()).all()
        assert not main or inputs['ids'].shape[2] > 20


def test_the_question_of_a_clip_is_found_on_new_clips(tmp_path):
    curves = train(
        'videoqa-pretrain-toy_mini', tmp_path, 'train_cfg.max_iters=200',
        'train_cfg.val_interval=200',
    )  # fmt: skip
    assert curves['qa/accuracy'][1][-1] > 40  # chance: 20


@pytest.mark.slow
def test_what_is_said_and_what_is_seen_are_answered_on_new_clips(
    tmp_path, capsys
):
    config, both = 'videoqa-toy_mini', tmp_path / 'both'
    train('videoqa-pretrain-toy_mini', tmp_path / 'first')
    (first,) = tmp_path.glob('first/iter_*.pth')
    begun = [
        'train_cfg.max_iters=500', '+model.init_cfg.type=Pretrained',
        f'+model.init_cfg.checkpoint={first}',
        '+model.init_cfg.exclude='
        '[choice_head.,text_reader.,visual_reader.]',
    ]  # fmt: skip
    found = last(train(config, both, *begun))
    assert found['qa/accuracy'] > 80  # chance: 20
    assert found['qa/accuracy/level=2'] > 60
    (checkpoint,) = both.glob('iter_*.pth')
    assert cli.main([
        'test', config, str(checkpoint), '--cfg-options',
        '+test_dataloader.dataset.shuffle_frames=True',
    ]) == 0  # fmt: skip
    shown = capsys.readouterr().out
    assert float(re.search(r'level=2: ([\d.]+)', shown)[1]) < 40
    found = last(
        train(
            config, tmp_path / 'text', *begun,
            'model.visual_proj=None', 'model.local_attn=None',
            'model.choice_head.visual_channels=0',
            'model.span_head.channels=32',
        )
    )  # fmt: skip
    assert found['qa/accuracy/level=1'] > 60
    assert found['qa/accuracy/level=2'] < 40


def last(curves):
    return {name: values[-1] for name, (_, values) in curves.items()}
