# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Runners of the toy in ``tests/toy_run.py``."""

import copy
import itertools

import pytest
from mmengine.config import Config
from toy_run import CONFIG

from mmssl.engine.runner import Runner


@pytest.fixture
def make_runner(tmp_path, monkeypatch):
    """Build a runner of the toy; dotted names override its config."""
    # Asking the compilers for their versions takes half a second.
    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)
    names = itertools.count()

    def make(folder='run', **changes):
        cfg = Config(copy.deepcopy(CONFIG))
        cfg.merge_from_dict(
            {
                key.replace('__', '.'): copy.deepcopy(value)
                for key, value in changes.items()
            }
        )
        cfg.work_dir = str(tmp_path / folder)
        cfg.experiment_name = f'{tmp_path.name}_{next(names)}'
        return Runner.from_cfg(cfg)

    return make
