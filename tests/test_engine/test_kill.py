# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Runs that are killed without warning lose nothing but time."""

import pytest
from resumed_runs import assert_same, everything, finish, kill_often, start

EPOCHS, KILLS = 6, 4
# momentum network; queue; prototypes and a queue that opens in the run
METHODS = ('byol_tiny', 'moco_tiny', 'swav_tiny')


@pytest.mark.slow
@pytest.mark.parametrize('config', METHODS)
def test_a_run_killed_again_and_again_ends_as_the_uninterrupted_one(
    config, tmp_path
):
    finish(start(config, tmp_path / 'straight', EPOCHS))
    kills, _ = kill_often(config, tmp_path / 'killed', EPOCHS, KILLS)
    assert kills > 0
    name = f'epoch_{EPOCHS}.pth'
    assert_same(
        everything(tmp_path / 'straight' / name),
        everything(tmp_path / 'killed' / name),
    )
