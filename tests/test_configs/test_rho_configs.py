# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""rho: published settings take a step, tiny ones learn."""

import math
from pathlib import Path
from statistics import fmean

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmssl import get_config_dir
from mmssl.apis import cli
from mmssl.compat.upstream import revert_sync_batchnorm_on_cpu
from mmssl.registry import MODELS
from mmssl.visualization.curves import find_scalars, read_scalars

FOLDER = Path(get_config_dir()) / 'rho'
PUBLISHED = sorted(FOLDER.glob('*_64xb8-*.py'))
TINY = sorted(FOLDER.glob('*_tiny.py'))
NARROW = 2  # of 64; S3D-G's narrowest branch needs 4


def load(path):
    return Config.fromfile(path, format_python_code=False)


def narrow(cfg):
    """The same network with few channels, a short queue."""
    model = cfg.model
    narrow = 4 if model.backbone.type == 'S3DG' else NARROW
    width = model.neck.sizes[0] * narrow // 64
    model.backbone.base_channels = narrow
    model.neck.sizes = [width, *[8] * (len(model.neck.sizes) - 2), 4]
    if model.type == 'BYOL':
        model.head.sizes = [4, 8, 4]
    elif model.type == 'SwAV':
        model.head.update(embed_dim=4, num_prototypes=6)
    elif model.type == 'MoCo':
        model.queue_length = 16
    return model


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda p: p.stem)
@pytest.mark.filterwarnings('ignore:.*SyncBN layers run as plain BN')
def test_a_published_setting_takes_a_step_at_reduced_width(path):
    cfg = load(path)
    dataset = cfg.train_dataloader.dataset
    (view,) = dataset.views
    clip_len = dataset.clips.get('clip_len', 8)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmssl'):
        model = MODELS.build(narrow(cfg))
        model.init_weights()
        model = revert_sync_batchnorm_on_cpu(model)
        settings = dict(cfg.optim_wrapper, type='OptimWrapper')  # no AMP here
        wrapper = build_optim_wrapper(model, settings)
    before = [p.detach().clone() for p in model.backbone.parameters()]
    shape = (2, 3, clip_len, 32, 32)
    clips = [
        torch.randint(0, 256, shape, dtype=torch.uint8)
        for _ in range(view.num)
    ]
    log = model.train_step(dict(inputs=clips, data_samples=None), wrapper)
    assert log['loss'].detach().isfinite()
    after = model.backbone.parameters()
    moved = [not torch.equal(a, b) for a, b in zip(after, before, strict=True)]
    # Blocks of R(2+1)D-26 begin as their shortcut: half of them rests.
    assert sum(moved) > len(moved) / 2


def test_learning_rates_are_those_of_the_published_files():
    rates = {}
    for path in PUBLISHED:
        cfg = load(path)
        optimizer = cfg.optim_wrapper.optimizer
        method, rho = path.stem.split('_')[:2]
        rates[method[4:], int(rho[3:])] = optimizer.lr
        (schedule,) = cfg.param_scheduler
        # 0.001 for each of the 8 machines' 64 videos
        start = optimizer.lr * schedule.warmup_ratio
        assert start == pytest.approx(0.008), path.stem
        assert (schedule.max_epochs, schedule.warmup) == (200, 35)
        views = cfg.train_dataloader.dataset.views[0].num
        assert views == max(2, cfg.train_dataloader.dataset.clips.num_clips)
    for method, base in (('moco', 0.4), ('byol', 4.8), ('simclr', 4.8)):
        assert rates[method, 2] == base
        assert rates[method, 4] == 2 * base
    assert rates['swav', 2] == 4.8


def test_the_queue_of_moco_fills_before_the_first_step():
    cfg = load(FOLDER / f'{PUBLISHED_MOCO}.py')
    (hook,) = cfg.custom_hooks
    batch = cfg.auto_scale_lr.base_batch_size
    assert hook.end == cfg.model.queue_length // batch
    assert not hook.by_epoch


PUBLISHED_MOCO = 'rho-moco_rho2_slowonly-r50-8x8_64xb8-amp-coslr-200e_k400'


@pytest.mark.parametrize('path', TINY, ids=lambda p: p.stem)
def test_the_loss_of_a_tiny_setting_falls_without_collapse(path, tmp_path):
    arguments = [
        str(path), '--work-dir', str(tmp_path), '--cfg-options',
        'default_hooks.logger.interval=1',
    ]  # fmt: skip
    assert cli.main(['train', *arguments]) == 0
    curves = read_scalars(find_scalars(tmp_path))
    losses = curves['loss'][1]
    assert all(map(math.isfinite, losses))
    steps = len(losses) // 5
    assert fmean(losses[-steps:]) < fmean(losses[:steps]) - 0.2, losses
    healthy = curves['collapse/healthy_std'][1][-1]
    assert curves['collapse/feature_std'][1][-1] > 0.3 * healthy
    assert (tmp_path / 'backbone.pth').is_file()
