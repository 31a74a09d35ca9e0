# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Logs to files and trackers; a tracker that fails does not end the run."""

import warnings
from collections.abc import Callable
from typing import Any

from mmengine.visualization import LocalVisBackend
from mmengine.visualization import Visualizer as MMEngineVisualizer

from mmssl.registry import VISUALIZERS


@VISUALIZERS.register_module()
class Visualizer(MMEngineVisualizer):
    """MMEngine's visualizer that goes on without a broken tracker.

    TensorBoard, Weights & Biases and the like may be missing, offline or
    full: the first failure is a warning, and the tracker is left out from
    then on.  The run's own ``scalars.json`` (``LocalVisBackend``) is no
    tracker; its failure is an error.  Args are those of the parent.
    """

    def __init__(self, name: str = 'visualizer', *args, **kwargs) -> None:
        super().__init__(name, *args, **kwargs)
        self._vis_backends = {
            name: backend
            if isinstance(backend, LocalVisBackend)
            else _Guarded(name, backend)
            for name, backend in self._vis_backends.items()
        }


class _Guarded:
    """A backend whose methods warn once instead of raising."""

    def __init__(self, name: str, backend: Any) -> None:
        self._name = name
        self._backend = backend
        self._broken = False

    def __getattr__(self, method: str) -> Callable:
        def call(*args, **kwargs):
            if self._broken:
                return None
            try:
                return getattr(self._backend, method)(*args, **kwargs)
            except Exception as error:
                self._broken = True
                warnings.warn(
                    f'{self._name} is left out, the run goes on without it: '
                    f'{type(error).__name__}: {error}'
                )

        return call
