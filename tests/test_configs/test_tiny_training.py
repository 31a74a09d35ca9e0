# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Every tiny config of a method trains, most on real photographs."""

import math
from pathlib import Path
from statistics import fmean

import pytest

from mmssl import get_config_dir
from mmssl.apis import cli
from mmssl.visualization.curves import find_scalars, read_scalars

STEPS = 19 * 60 // 128  # an epoch
# No photographs: test_video_qa_training.py, test_uda_vod_configs.py,
# test_rho_configs.py, test_cmd_training.py.
ELSEWHERE = ('videoqa', 'uda_vod', 'rho', 'cmd')
TINY = sorted(
    path.stem
    for path in Path(get_config_dir()).glob('*/*_tiny.py')
    if path.parent.name not in ELSEWHERE
)  # fmt: skip


@pytest.mark.parametrize('config', TINY)
def test_the_loss_falls_and_features_are_measured(config, tmp_path):
    arguments = [
        config, '--work-dir', str(tmp_path), '--cfg-options',
        'train_dataloader.num_workers=0', 'default_hooks.logger.interval=1',
    ]  # fmt: skip
    assert cli.main(['train', *arguments]) == 0
    curves = read_scalars(find_scalars(tmp_path))
    losses = curves['loss'][1]
    assert all(map(math.isfinite, losses))
    epochs = [
        fmean(losses[i : i + STEPS]) for i in range(0, len(losses), STEPS)
    ]
    # In the first epoch MoCo's loss rises, while real and harder negatives
    # take the places of the random ones.
    assert epochs[-1] < epochs[1] - 0.05, epochs
    assert curves['feat_std'][1][-1] > 0
    if 'davis/J_mean' in curves:  # objects in videos
        assert curves['davis/J_mean'][1][-1] > 0.4
    else:
        assert curves['knn/top1'][1][-1] > 3 * 100 / 19  # 19 classes
    assert (tmp_path / 'backbone.pth').is_file()
