# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The published settings of DSM say what its authors' scripts do."""

from pathlib import Path

import pytest
import torch
from golden import load_golden
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmssl.registry import MODELS, PARAM_SCHEDULERS

FOLDER = Path(__file__).parents[2] / 'configs/dsm'
PUBLISHED = sorted(
    path
    for path in FOLDER.glob('*.py')
    if not path.stem.endswith(('_tiny', '_mini'))
)


def load(path):
    return Config.fromfile(path, format_python_code=False)


def test_learning_rates_of_240_epochs_are_the_authors():
    g = load_golden('dsm/lr.npz')
    cfg = load(FOLDER / 'dsm_i3d_1xb8-steplr-100e_ucf101.py')
    weight = torch.nn.Parameter(torch.zeros(1))
    settings = dict(cfg.optim_wrapper.optimizer)
    assert settings.pop('type') == 'SGD'
    optimizer = torch.optim.SGD([weight], **settings)
    (schedule,) = cfg.param_scheduler
    schedule = PARAM_SCHEDULERS.build(dict(schedule, optimizer=optimizer))
    rates = []
    for _ in range(240):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step()
    expected = g['pretrain_lr'].tolist()
    assert rates == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_every_network_and_both_objectives_are_there_on_both_data_sets():
    names = {path.stem for path in PUBLISHED}
    for net in ('i3d', 'c3d', 'r3d18', 'r3d34', 'r2plus1d10', 's3dg'):
        for method in ('dsm', 'dsm-triplet'):
            for rest in ('1xb8-steplr-100e_ucf101', '8xb32-steplr-200e_k400'):
                assert f'{method}_{net}_{rest}' in names


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda path: path.stem)
def test_settings_are_those_of_the_scripts(path):
    cfg = load(path)
    clips = cfg.train_dataloader.dataset.clips
    assert (clips.clip_len, clips.frame_interval) == (16, 4)
    (view,) = cfg.train_dataloader.dataset.views
    small = '_c3d_' in path.stem
    assert (view.size, view.resize) == ((112, 128) if small else (224, 256))
    assert view.jitter == (0.5, 0.5, 0.25, 0.5) and view.num == 3
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.momentum) == (0.003, 0.9)
    assert optimizer.weight_decay == 1e-4
    model = cfg.model
    if model.type == 'DSM':
        assert model.queue_length == 3569
        assert (model.temperature, model.momentum) == (0.07, 0.999)
    else:
        assert model.margin == 0.5
    assert cfg.test_cfg.bank_dataloader.dataset.views[0].size == view.size


def test_weights_begin_as_the_authors():
    cfg = load(FOLDER / 'dsm_r2plus1d10_1xb8-steplr-100e_ucf101.py').model
    with DefaultScope.overwrite_default_scope('mmssl'):
        cfg.backbone.base_channels = 16
        cfg.neck.sizes = (128, 8)
        model = MODELS.build(cfg)
    model.init_weights()
    for module in model.backbone.modules():
        if isinstance(module, torch.nn.Conv3d):
            fan = torch.nn.init._calculate_fan_in_and_fan_out(module.weight)
            bound = (2 * 6 / sum(fan)) ** 0.5  # gain sqrt 2
            most = module.weight.abs().max()
            assert 0.8 * bound < most <= bound
        if isinstance(module, torch.nn.BatchNorm3d):
            assert module.bias.abs().max() == 0
    norms = torch.cat(
        [
            module.weight
            for module in model.backbone.modules()
            if isinstance(module, torch.nn.BatchNorm3d)
        ]
    )
    assert abs(norms.mean() - 1) < 0.005
    assert 0.015 < norms.std() < 0.025
    copied = model.momentum_encoder.backbone.state_dict()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, copied[name])
