# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""``backbone.pth``: what downstream tasks need, at the end of a run."""

from pathlib import Path

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

import mmssl
from mmssl.registry import HOOKS
from mmssl.utils.checkpoint import BACKBONE_PREFIX, extract_prefix
from mmssl.utils.files import atomic_path


@HOOKS.register_module()
class BackboneExportHook(Hook):
    """Writes ``<run dir>/backbone.pth`` after the last epoch, on rank 0.

    The file loads in mmdet and mmaction2 by
    ``init_cfg=dict(type='Pretrained', checkpoint='.../backbone.pth')``.
    A model without ``backbone.`` weights writes nothing.
    """

    @master_only
    def after_train(self, runner: Runner) -> None:
        """Write the file."""
        weights = runner.bare_model.state_dict()
        if not any(name.startswith(BACKBONE_PREFIX) for name in weights):
            return
        backbone = {
            name: value.cpu()
            for name, value in extract_prefix(weights).items()
        }
        meta = dict(
            source=runner.experiment_name,
            epoch=runner.epoch,
            iter=runner.iter,
            mmssl_version=mmssl.__version__,
        )
        path = Path(runner.work_dir) / 'backbone.pth'
        with atomic_path(path) as temporary:
            torch.save(dict(meta=meta, state_dict=backbone), temporary)
        runner.logger.info(f'backbone weights for downstream use: {path}')
