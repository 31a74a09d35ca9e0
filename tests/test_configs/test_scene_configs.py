# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The shipped settings of the methods for scenes are the published ones."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from golden import load_golden
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import mmssl.engine
import mmssl.models  # noqa: F401
from mmssl.registry import MODELS, PARAM_SCHEDULERS

CONFIGS = Path(__file__).parents[2] / 'configs'
FOLDER = CONFIGS / 'scrl'
NAME = 'scrl_resnet50_32xb256-amp-coslr-{}e_in1k'


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmssl'):
        yield


def load(name):
    return Config.fromfile(FOLDER / f'{name}.py')


def build(cfg):
    with torch.device('meta'):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize(
    'epochs, lr, decay, momentum',
    [(200, 14.4, 1e-6, 0.97), (1000, 6.4, 1.5e-6, 0.996)],
)
def test_settings_of_scrl_are_the_published_ones(epochs, lr, decay, momentum):
    cfg = load(NAME.format(epochs))
    optimizer = cfg.optim_wrapper.optimizer
    found = optimizer.type, optimizer.lr, optimizer.weight_decay
    assert found == ('LARS', lr, decay)
    assert optimizer.momentum == 0.9 and not optimizer.lr_in_momentum
    assert cfg.model.momentum == momentum
    assert cfg.model.target_init == 'random'
    warm, cosine = cfg.param_scheduler
    assert warm.end == 10 and cosine.end == epochs == cfg.train_cfg.max_epochs
    assert cosine.T_max == epochs - 10
    _, multi_view, boxes, pack = cfg.train_dataloader.dataset.pipeline
    assert (boxes.min_size, boxes.num_boxes, boxes.iou_thr) == (32, 10, 0.5)
    assert pack['keys'] == ['boxes']  # a dict's own keys() hides the entry
    a, b = multi_view.views
    assert a.area == b.area == (0.2, 1.0) and a.size == b.size == 224
    assert (a.blur_prob, a.get('solarize_prob', 0)) == (1.0, 0)
    assert (b.blur_prob, b.solarize_prob) == (0.1, 0.2)
    assert a.blur_factors == (1.1, 1.2, 1.5) and a.interpolation == 'bicubic'


def test_the_networks_have_the_published_widths():
    model = build(load(NAME.format(200)))
    sizes = {
        name: sum(p.numel() for p in getattr(model, name).parameters())
        for name in ('neck', 'head', 'probe')
    }
    assert sizes == dict(
        neck=2048 * 4096 + 3 * 4096 + 4096 * 256,
        head=256 * 4096 + 3 * 4096 + 4096 * 256,
        probe=2048 * 1000 + 1000,
    )
    assert model.neck.mlp[3].bias is None and model.head.mlp[3].bias is None


def test_the_exact_official_grouping_is_the_one_in_the_readme():
    cfg = load(NAME.format(200))
    text = (FOLDER / 'README.md').read_text()
    (code,) = re.findall(r'```python\n(.*?)```', text, re.S)
    scope = {}
    exec(re.sub(r'^  ', '', code, flags=re.M), scope)
    cfg.merge_from_dict(dict(optim_wrapper=scope['optim_wrapper']))
    cfg.optim_wrapper.type = 'OptimWrapper'
    model = build(cfg)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(p): name for name, p in model.named_parameters()}
    adapted = {
        names[id(group['params'][0])]
        for group in wrapper.optimizer.param_groups
        if group['adapt_1d'] and group['params'][0].requires_grad
    }
    # What the authors' code calls encoder.1, downsample.1 and net.1.
    assert adapted == {
        'backbone.bn1.weight',
        'neck.mlp.1.weight',
        'head.mlp.1.weight',
        *(f'backbone.layer{i}.0.downsample.1.weight' for i in range(1, 5)),
    }
    assert all(g['square_plain_lr'] for g in wrapper.optimizer.param_groups)


@pytest.mark.parametrize('name', ['scrl_tiny', 'scrl_mini'])
def test_small_configs_fit_their_views(name):
    cfg = load(name)
    model = MODELS.build(cfg.model)
    steps = {step.type: step for step in cfg.train_dataloader.dataset.pipeline}
    size = steps['MultiView'].views[0].size
    maps = model.backbone(torch.zeros(2, 3, size, size))
    assert maps[-1].shape[-1] * model.stride == size
    assert steps['MatchedBoxes'].min_size < size


ORL = 'orl_resnet50_8xb64-coslr-800e_{}'


def scenes(name, folder):
    return Config.fromfile(CONFIGS / folder / f'{name}.py')


@pytest.mark.parametrize('data', ['coco', 'cocoplus'])
@pytest.mark.parametrize('folder', ['byol', 'orl'])
def test_settings_of_orl_are_the_published_ones(folder, data):
    cfg = scenes(ORL.format(data).replace('orl', folder), folder)
    optimizer = cfg.optim_wrapper.optimizer
    assert optimizer == dict(
        type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4
    )
    assert 'paramwise_cfg' not in cfg.optim_wrapper  # decay on everything
    assert cfg.model.momentum == 0.99
    assert not cfg.train_dataloader.drop_last
    dataset = cfg.train_dataloader.dataset
    a, b = dataset.views
    assert (a.size, a.area, a.interpolation) == (224, (0.08, 1.0), 'bilinear')
    assert (a.blur_prob, a.get('solarize_prob', 0)) == (1.0, 0)
    assert (b.blur_prob, b.solarize_prob) == (0.1, 0.2)
    if folder == 'orl':
        assert dataset.regions.neighbours == 10
        for patch, view in zip(dataset.patches, (a, b), strict=True):
            assert patch.size == 96 and 'area' not in patch
            for key in ('jitter', 'jitter_prob', 'gray_prob', 'blur_prob'):
                assert patch[key] == view[key]
            assert patch.get('solarize_prob') == view.get('solarize_prob')


@pytest.mark.parametrize('data, steps', [('coco', 232), ('cocoplus', 473)])
def test_the_rate_of_orl_is_the_published_one(data, steps):
    """Half a cosine by epoch, times the warm-up by step of 4 epochs."""
    schedules = scenes(ORL.format(data), 'orl').param_scheduler
    found = rates(schedules, 0.4, steps, 6)
    epoch = np.repeat(np.arange(6), steps)
    step = np.minimum(np.arange(6 * steps), 4 * steps)
    wanted = 0.2 * (1 + np.cos(np.pi * epoch / 800))
    wanted *= 1 - (1 - step / (4 * steps)) * (1 - 1e-4)
    assert abs(found - wanted).max() < 1e-12


def test_the_recorded_rates_of_orl():
    g = load_golden('orl/schedules.npz', 'lr_')
    lr, epochs, warm, steps, ratio = g['hyper'].tolist()
    schedules = [
        dict(type='CosineAnnealingLR', T_max=int(epochs), end=int(epochs)),
        dict(type='LinearLR', start_factor=ratio, end=warm + 1 / steps,
             convert_to_iter_based=True),
    ]  # fmt: skip
    found = rates(schedules, lr, int(steps), int(epochs))
    assert abs(found - g['lr'].numpy()).max() < 1e-12


def rates(schedules, lr, steps, epochs):
    """Rate of every step as the runner has it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
    built = []
    for settings in schedules:
        settings = dict(settings, optimizer=optimizer)
        by_step = settings.pop('convert_to_iter_based', False)
        cls = PARAM_SCHEDULERS.get(settings.pop('type'))
        if by_step:
            built.append(
                cls.build_iter_from_epoch(**settings, epoch_length=steps)
            )
        else:
            built.append(cls(**settings, by_epoch=True))
    found = []
    for _ in range(epochs):
        for _ in range(steps):
            found.append(optimizer.param_groups[0]['lr'])
            optimizer.step()
            for schedule in built:
                if not schedule.by_epoch:
                    schedule.step()
        for schedule in built:
            if schedule.by_epoch:
                schedule.step()
    return np.array(found)


def test_orl_has_three_predictors_of_the_published_widths():
    model = build(scenes(ORL.format('coco'), 'orl'))
    for name in ('head', 'intra_head', 'inter_head'):
        count = sum(p.numel() for p in getattr(model, name).parameters())
        assert count == 256 * 4096 + 3 * 4096 + 4096 * 256
    assert len(list(model.momentum_encoder.children())) == 2
