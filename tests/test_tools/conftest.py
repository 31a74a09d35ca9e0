# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Tools as modules, and a config file of the toy in ``toy_run.py``."""

import importlib.util
from pathlib import Path

import pytest

import mmssl

TEXT = """
_base_ = ['{runtime}']
custom_imports = dict(imports=['toy_run', 'mmssl.engine'])
default_hooks = dict(
    checkpoint=dict(interval=1), logger=dict(interval=2), health=None)
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(type='ToyData'),
    sampler=dict(type='ToySampler'), collate_fn=dict(type='default_collate'))
test_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(type='ToyData'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'))
train_cfg = dict(type='EpochTrainLoop', max_epochs=2)
test_cfg = dict()
test_evaluator = dict(type='ToyMetric')
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
auto_scale_lr = dict(base_batch_size=8)
"""


@pytest.fixture(scope='session')
def tool():
    """Import a tool by its path below ``tools/``."""

    def load(name):
        path = Path(mmssl.get_tools_dir()) / name
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def toy_config(tmp_path, monkeypatch):
    """Path of the config; the current folder is an empty one."""
    runtime = Path(mmssl.get_config_dir()) / '_base_' / 'default_runtime.py'
    path = tmp_path / 'toy.py'
    path.write_text(TEXT.format(runtime=runtime))
    monkeypatch.chdir(tmp_path)
    return str(path)


@pytest.fixture
def quiet(monkeypatch):
    """Leave out the listing of compilers, which takes half a second."""
    from mmssl.engine.runner import Runner

    monkeypatch.setattr(Runner, '_log_env', lambda self, env_cfg: None)
