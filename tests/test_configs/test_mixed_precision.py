# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""`--amp` for every method: a step with layers in bf16, losses in fp32."""

import math
import re

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from mmssl.apis import cli
from mmssl.engine.optimizers import AmpOptimWrapper

METHODS = (
    'simclr_tiny', 'byol_tiny', 'simsiam_tiny', 'moco_tiny', 'densecl_tiny',
    'swav_tiny', 'wmse2_tiny', 'scrl_tiny', 'orl_tiny', 'amdim_tiny',
    'protonet_tiny', 'dsm_tiny', 'dsm-triplet_tiny', 'cmd_tiny',
    'rho-swav_rho2_tiny', 'rho-moco_rho2_tiny', 'dense_vos_tiny',
    'videoqa_tiny', 'curl_tiny', 'cyclegan_tiny',
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize('name', METHODS)
def test_layers_compute_in_bf16_and_losses_in_fp32(name, monkeypatch, capsys):
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
            ['train', name, '--amp', '--dry-run', '--cfg-options',
             'train_dataloader.num_workers=0']
        ) == 0  # fmt: skip
    finally:
        hook.remove()
    assert torch.bfloat16 in layers
    assert losses == {torch.float32}
    printed = re.findall(r'^loss\S*: (.+)$', capsys.readouterr().out, re.M)
    assert printed and all(math.isfinite(float(part)) for part in printed)
