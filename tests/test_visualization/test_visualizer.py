# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Trackers may fail; the run's own log may not."""

import json
import sys
import warnings

import pytest
from mmengine.registry import DefaultScope
from mmengine.visualization import BaseVisBackend

from mmssl.registry import VISBACKENDS, VISUALIZERS


@VISBACKENDS.register_module(force=True)
class OfflineTracker(BaseVisBackend):
    """Raises at its second scalar."""

    calls = 0

    def _init_env(self):
        """Nothing to set up."""

    @property
    def experiment(self):
        return self

    def add_config(self, config, **kwargs):
        """Works."""

    def add_scalars(self, scalars, step=0, file_path=None, **kwargs):
        self.calls += 1
        if self.calls > 1:
            raise ConnectionError('no route to the tracker')


def build(folder, *backends):
    backends = [dict(type=name) for name in ('LocalVisBackend', *backends)]
    with DefaultScope.overwrite_default_scope('mmssl'):
        return VISUALIZERS.build(
            dict(
                type='Visualizer',
                name=str(folder),
                vis_backends=backends,
                save_dir=str(folder),
            )
        )


def test_a_tracker_that_fails_is_named_once_and_left_out(tmp_path):
    visualizer = build(tmp_path, 'OfflineTracker')
    visualizer.add_scalars(dict(loss=3.0), step=1)
    with pytest.warns(UserWarning, match='OfflineTracker .* no route'):
        visualizer.add_scalars(dict(loss=2.0), step=2)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        visualizer.add_scalars(dict(loss=1.0), step=3)
        visualizer.close()
    lines = (tmp_path / 'vis_data/scalars.json').read_text().splitlines()
    assert [json.loads(line)['loss'] for line in lines] == [3, 2, 1]


def test_a_missing_package_does_not_end_the_run(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'wandb', None)
    visualizer = build(tmp_path, 'WandbVisBackend')
    with pytest.warns(UserWarning, match='WandbVisBackend is left out'):
        visualizer.add_scalars(dict(loss=3.0), step=1)


def test_tensorboard_gets_the_scalars(tmp_path):
    visualizer = build(tmp_path, 'TensorboardVisBackend')
    visualizer.add_scalars(dict(loss=3.0), step=1)
    visualizer.close()
    assert list((tmp_path / 'vis_data').glob('events.out.tfevents.*'))


def test_the_own_log_must_work(tmp_path, monkeypatch):
    visualizer = build(tmp_path)
    backend = visualizer.get_backend('LocalVisBackend')

    def full(*args, **kwargs):
        raise OSError('no space left on device')

    monkeypatch.setattr(backend, 'add_scalars', full)
    with pytest.raises(OSError, match='no space'):
        visualizer.add_scalars(dict(loss=3.0), step=1)
