# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Methods with state of their own resume to the uninterrupted run."""

from pathlib import Path
from shutil import copy

import pytest
from resumed_runs import assert_same, everything

from mmssl.apis import cli

# With a momentum network, a queue, or prototypes.
METHODS = (
    'moco_tiny', 'byol_tiny', 'densecl_tiny', 'swav_tiny', 'scrl_tiny',
    'orl_tiny',
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
def test_a_resumed_run_is_the_uninterrupted_one(name, tmp_path):
    def train(folder, *arguments):
        assert cli.main(
            ['train', name, '--work-dir', str(tmp_path / folder), '--seed',
             '3', '--no-validate', *arguments, '--cfg-options',
             'train_cfg.max_epochs=2', 'default_hooks.checkpoint.interval=1',
             'default_hooks.checkpoint.max_keep_ckpts=2',
             'train_dataloader.num_workers=0',
             'train_dataloader.persistent_workers=False',
             'train_dataloader.batch_size=32']
        ) == 0  # fmt: skip

    train('straight')
    Path(tmp_path / 'resumed').mkdir()
    copy(tmp_path / 'straight/epoch_1.pth', tmp_path / 'resumed')
    train('resumed', '--resume')
    assert_same(
        everything(tmp_path / 'straight/epoch_2.pth'),
        everything(tmp_path / 'resumed/epoch_2.pth'),
    )
