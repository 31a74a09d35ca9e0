# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Evaluations that train a head: published numbers, and short runs."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmssl.models  # noqa: F401
from mmssl.engine.runner import Runner
from mmssl.registry import MODELS
from mmssl.utils.checkpoint import state_dict_of

FOLDER = Path(__file__).parents[2] / 'configs/benchmarks/classification'


def load(name):
    return Config.fromfile(FOLDER / f'{name}.py')


@pytest.mark.parametrize(
    'name, optimizer, lr, decay, batch, epochs',
    [
        ('linear_resnet50_8xb32-steplr-100e_in1k', 'SGD', 30, 0, 256, 100),
        ('linear_resnet50_8xb512-coslr-90e_in1k', 'LARS', 1.6, 0, 4096, 90),
        ('linear_resnet50_8xb32-coslr-100e_in1k', 'SGD', 0.3, 1e-6, 256, 100),
        ('multistage_resnet50_8xb32-steplr-28e_in1k',
         'SGD', 0.01, 1e-4, 256, 28),
        ('multistage_resnet50_8xb32-steplr-14e_places205',
         'SGD', 0.01, 1e-4, 256, 14),
        ('multistage_resnet50_8xb32-steplr-84e_inat18',
         'SGD', 0.01, 1e-4, 256, 84),
        ('semisup-1pct_resnet50_8xb32-steplr-20e_in1k',
         'SGD', 0.01, 5e-4, 256, 20),
        ('semisup-10pct_resnet50_8xb32-steplr-20e_in1k',
         'SGD', 0.01, 1e-4, 256, 20),
    ],
)  # fmt: skip
def test_settings_are_the_published_ones(
    name, optimizer, lr, decay, batch, epochs
):
    cfg = load(name)
    settings = cfg.optim_wrapper.optimizer
    found = settings.type, settings.lr, settings.weight_decay
    assert found == (optimizer, lr, decay)
    assert settings.momentum == 0.9
    assert cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.model.get('frozen', False) == ('semisup' not in name)


@pytest.mark.parametrize(
    'path', sorted(FOLDER.glob('*.py')), ids=lambda p: p.stem
)
def test_no_evaluation_starts_from_untrained_weights(path):
    cfg = Config.fromfile(path)
    if cfg.model.type == 'ImageClassifier':
        assert cfg.model.backbone.init_cfg == dict(
            type='Pretrained', checkpoint=None, prefix='backbone.'
        )
        assert cfg.default_hooks.momentum is None


@pytest.fixture
def pretrained(tmp_path):
    """Checkpoint of an untrained method with a tiny config's backbone."""

    def write(name):
        with DefaultScope.overwrite_default_scope('mmssl'):
            model = MODELS.build(Config.fromfile(name).model)
        model.init_weights()
        # Moved statistics: a probe that resets them would be seen.
        model.train()(2 * [torch.rand(4, 3, 32, 32)], mode='loss')
        path = tmp_path / 'pretrained.pth'
        torch.save(dict(state_dict=model.state_dict()), path)
        return path

    return write


@pytest.mark.parametrize(
    'name, source, frozen',
    [
        ('linear_tiny', '../../simclr/simclr_tiny', True),
        ('finetune_tiny', '../../simclr/simclr_tiny', False),
        ('semisup_tiny', '../../simclr/simclr_tiny', False),
        pytest.param(
            'multistage_tiny',
            'pretrain_resnet18_tiny',
            True,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_tiny_run_lowers_the_loss_and_moves_the_backbone_only_if_it_may(
    name, source, frozen, pretrained, tmp_path, monkeypatch
):
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)
    cfg = load(name)
    checkpoint = pretrained(FOLDER / f'{source}.py')
    cfg.model.backbone.init_cfg.checkpoint = str(checkpoint)
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    cfg.train_dataloader.dataset.per_class = min(
        20, cfg.train_dataloader.dataset.per_class
    )
    cfg.default_hooks.logger.interval = 1
    cfg.train_cfg.update(max_epochs=3, val_interval=3)
    cfg.work_dir, cfg.log_level = str(tmp_path / 'run'), 'WARNING'
    runner = Runner.from_cfg(cfg)
    runner.train()
    (log,) = (tmp_path / 'run').rglob('scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    losses = [line['loss'] for line in lines if 'loss' in line]
    assert losses[-1] < losses[0]
    accuracies = [key for key in lines[-1] if key.endswith('top1')]
    assert len(accuracies) == (5 if 'multistage' in name else 1)
    before = state_dict_of(torch.load(checkpoint))
    after = runner.model.backbone.state_dict()
    equal = [torch.equal(before[f'backbone.{k}'], after[k]) for k in after]
    assert all(equal) if frozen else not any(equal)
