# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The shipped settings of the image methods are the published ones."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmssl.engine
import mmssl.models  # noqa: F401
from mmssl.registry import MODELS

ROOT = Path(__file__).parents[2]
METHODS = ('moco', 'byol', 'swav', 'simsiam', 'densecl')
# millions of parameters with heads, from mmpretrain's model pages
PARAMETERS = {
    'simclr/simclr_resnet50_8xb64-coslr-800e_coco': 27.97,
    'moco/mocov2_resnet50_8xb32-coslr-200e_in1k': 55.93,
    'byol/byol_resnet50_16xb256-coslr-200e_in1k': 68.02,
    'swav/swav_resnet50_8xb32-mcrop-coslr-200e_in1k': 28.35,
    'simsiam/simsiam_resnet50_8xb32-coslr-100e_in1k': 38.20,
    'densecl/densecl_resnet50_8xb32-coslr-200e_in1k': 64.85,
}
ALL = [p for m in METHODS for p in sorted((ROOT / 'configs' / m).glob('*.py'))]


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmssl'):
        yield


def load(name):
    return Config.fromfile(ROOT / 'configs' / f'{name}.py')


@pytest.mark.parametrize('name', PARAMETERS)
def test_models_have_the_published_number_of_parameters(name):
    model = MODELS.build(load(name).model)
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    assert round(millions, 2) == PARAMETERS[name]


@pytest.mark.parametrize('path', ALL, ids=lambda p: p.stem)
def test_views_schedule_and_batch_fit_the_model(path):
    cfg = Config.fromfile(path)
    views = cfg.train_dataloader.dataset.views
    count = sum(view.get('num', 1) for view in views)
    crops = cfg.model.get('num_crops', (2,))
    assert count == sum(crops)
    last = cfg.param_scheduler[0 if len(cfg.param_scheduler) == 1 else -1]
    if last.type == 'CosineAnnealingLR':
        assert last.end == cfg.train_cfg.max_epochs
    batch = cfg.train_dataloader.batch_size
    total = cfg.get('auto_scale_lr', dict(base_batch_size=batch))
    assert total['base_batch_size'] % batch == 0
    queue = cfg.model.get('queue_length', 0)
    assert queue % total['base_batch_size'] == 0


@pytest.mark.parametrize(
    'path', [p for p in ALL if 'resnet50' not in p.stem], ids=lambda p: p.stem
)
def test_small_configs_train_a_step_that_lowers_the_loss(path):
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(path).model)
    model.init_weights()
    crops = getattr(model, 'num_crops', (2,))
    views = [
        torch.randn(16, 3, size, size)
        for count, size in zip(crops, (32, 16), strict=False)
        for _ in range(count)
    ]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.queue_is_open = False  # the same negatives and codes throughout
    losses = []
    for _ in range(6):
        loss = sum(model(views, mode='loss').values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
