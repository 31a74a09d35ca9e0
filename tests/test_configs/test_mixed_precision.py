# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""`--amp` for every method: layers in half precision, losses in single."""

import math

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from mmssl.apis import cli
from mmssl.engine.optimizers import AmpOptimWrapper
from mmssl.visualization.curves import find_scalars, read_scalars

METHODS = (
    'simclr_tiny', 'byol_tiny', 'simsiam_tiny', 'moco_tiny', 'densecl_tiny',
    'swav_tiny', 'wmse2_tiny', 'scrl_tiny', 'orl_tiny', 'amdim_tiny',
    'protonet_tiny', 'dsm_tiny', 'dsm-triplet_tiny', 'cmd_tiny',
    'rho-swav_rho2_tiny', 'rho-moco_rho2_tiny', 'dense_vos_tiny',
    'videoqa_tiny', 'curl_tiny', 'cyclegan_tiny',
)  # fmt: skip
LENGTH = dict(curl_tiny='train_cfg.max_iters=40')


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
def test_layers_compute_in_bf16_and_losses_in_fp32(
    name, tmp_path, monkeypatch
):
    layers, losses = set(), set()
    backward = AmpOptimWrapper.backward

    def watch(self, loss, **kwargs):
        losses.add(loss.dtype)
        backward(self, loss, **kwargs)

    monkeypatch.setattr(AmpOptimWrapper, 'backward', watch)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    hook = register_module_forward_hook(
        lambda module, inputs, output: (
            layers.add(output.dtype)
            if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
            else None
        )
    )
    try:
        assert cli.main(
            ['train', name, '--amp', '--no-validate', '--work-dir',
             str(tmp_path), '--cfg-options', 'train_dataloader.num_workers=0',
             'default_hooks.logger.interval=1',
             LENGTH.get(name, 'train_cfg.max_epochs=1')]
        ) == 0  # fmt: skip
    finally:
        hook.remove()
    assert torch.bfloat16 in layers
    assert losses == {torch.float32}
    curves = read_scalars(find_scalars(tmp_path))
    parts = [n for n in curves if n.startswith('loss')]
    assert parts
    for part in parts:
        assert all(map(math.isfinite, curves[part][1])), part
