# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Methods with state of their own resume to the uninterrupted run."""

from pathlib import Path
from shutil import copy

import pytest
from resumed_runs import assert_same, everything

from mmssl.apis import cli

# With a momentum network, a queue, prototypes, or running statistics.  CURL's
# components: test_continual.py; translators: test_uda_vod_configs.py.
METHODS = dict(
    moco_tiny=32, byol_tiny=32, densecl_tiny=32, swav_tiny=32, scrl_tiny=32,
    orl_tiny=32, wmse2_tiny=32, dsm_tiny=24, cmd_tiny=8,
    protonet_tiny=100,
)  # fmt: skip
METHODS['rho-moco_rho2_tiny'] = 16


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'batch'), METHODS.items())
def test_a_resumed_run_is_the_uninterrupted_one(name, batch, tmp_path):
    def train(folder, *arguments):
        assert cli.main(
            ['train', name, '--work-dir', str(tmp_path / folder), '--seed',
             '3', '--no-validate', *arguments, '--cfg-options',
             'train_cfg.max_epochs=2', 'default_hooks.checkpoint.interval=1',
             'default_hooks.checkpoint.max_keep_ckpts=2',
             'train_dataloader.num_workers=0',
             f'train_dataloader.batch_size={batch}']
        ) == 0  # fmt: skip

    train('straight')
    Path(tmp_path / 'resumed').mkdir()
    copy(tmp_path / 'straight/epoch_1.pth', tmp_path / 'resumed')
    train('resumed', '--resume')
    assert_same(
        everything(tmp_path / 'straight/epoch_2.pth'),
        everything(tmp_path / 'resumed/epoch_2.pth'),
    )
