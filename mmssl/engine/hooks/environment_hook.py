# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a run ran on, in ``env.json``."""

import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

import mmssl
from mmssl.registry import HOOKS
from mmssl.utils.files import write_json

PACKAGES = ('mmssl', 'torch', 'torchvision', 'numpy', 'cv2', 'mmengine',
            'mmcv', 'mmdet', 'mmaction')  # fmt: skip


@HOOKS.register_module()
class EnvironmentHook(Hook):
    """Writes ``<run dir>/<timestamp>/env.json`` once, on rank 0.

    Versions, git commit and whether the tree had changes, command line,
    seed, world size, names of the GPUs.
    """

    @master_only
    def before_run(self, runner: Runner) -> None:
        """Write the file."""
        content = dict(
            command=sys.argv,
            config=str(runner.cfg.filename),
            seed=runner.seed,
            deterministic=runner.deterministic,
            world_size=runner.world_size,
            launcher=runner.launcher,
            gpus=[
                torch.cuda.get_device_name(i)
                for i in range(torch.cuda.device_count())
            ],
            python=platform.python_version(),
            platform=platform.platform(),
            versions=_versions(),
            git=git_state(Path(mmssl.__file__).parent),
        )
        write_json(Path(runner.log_dir) / 'env.json', content)


def _versions() -> dict[str, str]:
    """Versions as the modules say; only of what is imported anyway."""
    return {
        name: str(getattr(import_module(name), '__version__', 'unknown'))
        for name in PACKAGES
        if name in sys.modules
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and dirty flag of the checkout that holds ``folder``.

    Returns:
        dict or None: ``commit`` and ``dirty``; None outside a checkout.
    """

    def git(*args: str) -> str:
        return subprocess.run(
            ['git', '-C', str(folder), *args],
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
        ).stdout.strip()

    try:
        return dict(
            commit=git('rev-parse', 'HEAD'),
            dirty=bool(git('status', '--porcelain', '--', str(folder))),
        )
    except (OSError, subprocess.SubprocessError):
        return None
