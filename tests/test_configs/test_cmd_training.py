# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD's tiny config trains, and what it expects is the future."""

import math
from statistics import fmean

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmssl import get_config_dir
from mmssl.apis import cli
from mmssl.apis.model_zoo import get_model
from mmssl.apis.motion_prediction import evaluate_expectation
from mmssl.visualization.curves import find_scalars, read_scalars


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('cmd')
    arguments = [
        'train', 'cmd_tiny', '--work-dir', str(folder), '--cfg-options',
        'train_dataloader.num_workers=0', 'default_hooks.logger.interval=1',
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    return folder


def test_both_losses_fall_and_no_feature_collapses(trained):
    curves = read_scalars(find_scalars(trained))
    assert all(map(math.isfinite, curves['loss'][1]))
    for name in ('loss_motion', 'loss_context'):
        values = curves[name][1]
        assert fmean(values[-10:]) < fmean(values[:10]) - 0.5, name
    assert curves['feat_std'][1][-1] > 0.1 * 384**-0.5
    assert (trained / 'backbone.pth').is_file()


def test_the_true_future_is_found_and_that_of_another_video_is_not(trained):
    checkpoint = trained / 'epoch_45.pth'
    model = get_model('cmd_tiny', checkpoint)
    cfg = Config.fromfile(f'{get_config_dir()}/cmd/cmd_tiny.py')
    cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
    with DefaultScope.overwrite_default_scope('mmssl'):
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    found, _ = evaluate_expectation(model, loader, epochs=4)
    assert found['cell_top1'] > 5 * found['cell_chance'], found
    assert found['cell_top1'] > 3 * found['foreign_cell_top1'], found
