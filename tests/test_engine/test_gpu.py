# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Mixed precision, NCCL and evaluation on a CUDA device."""

import os
import subprocess
import sys

import pytest
import torch
from torch.testing import assert_close

from mmssl import get_config_dir, get_tools_dir
from mmssl.evaluation.functional import knn_classify
from mmssl.registry import MODELS
from mmssl.utils.config import load_config
from mmssl.visualization.curves import find_scalars, read_scalars

pytestmark = pytest.mark.gpu
CONFIGS = ('simclr_tiny', 'wmse2_tiny', 'byol_tiny', 'moco_tiny', 'swav_tiny')


def train(
    config, folder, *flags, options=(),
    script=(sys.executable, 'train.py'),
):  # fmt: skip
    """One epoch in a process of its own; returns the losses."""
    program, name = script
    subprocess.run(
        [program, get_tools_dir() / name, config, *flags, '--work-dir',
         folder, '--cfg-options', 'train_cfg.max_epochs=1', *options],
        env=dict(os.environ, PYTHON=sys.executable), check=True, timeout=300,
    )  # fmt: skip
    return read_scalars(find_scalars(folder))['loss'][1]


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
@pytest.mark.parametrize('config', CONFIGS)
def test_mixed_precision_trains_and_only_fp16_scales(config, dtype, tmp_path):
    options = [f'+optim_wrapper.dtype={dtype}']
    losses = train(config, tmp_path, '--amp', options=options)
    assert all(torch.tensor(losses).isfinite())
    state = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    assert bool(state['optimizer']['loss_scaler']) == (dtype == 'float16')
    weights = state['state_dict'].values()
    assert all(w.dtype != torch.float16 for w in weights)


def test_nccl_trains(tmp_path):
    losses = train(
        'moco_tiny', tmp_path, str(torch.cuda.device_count()),
        script=('bash', 'dist_train.sh'),
    )  # fmt: skip
    assert all(torch.tensor(losses).isfinite())


@pytest.mark.parametrize('config', CONFIGS)
def test_loss_and_gradients_are_those_of_the_cpu(config):
    cfg = load_config(config, {}, get_config_dir())
    generator = torch.Generator().manual_seed(0)
    crops = sum(cfg.model.get('num_crops', (2,)))
    views = [
        torch.randn(128, 3, 32, 32, generator=generator)
        for _ in range(crops)
    ]  # fmt: skip
    results = []
    for device in ('cpu', 'cuda'):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model).double().to(device)
        torch.manual_seed(1)
        inputs = [view.double().to(device) for view in views]
        loss = model(inputs, mode='loss')['loss']
        loss.backward()
        named = model.named_parameters()
        grads = {n: p.grad.cpu() for n, p in named if p.grad is not None}
        results.append((loss.detach().cpu(), grads))
    (loss, grads), (other_loss, other_grads) = results
    assert_close(other_loss, loss, rtol=1e-6, atol=1e-8)
    assert grads.keys() == other_grads.keys()
    for name, gradient in grads.items():
        assert_close(other_grads[name], gradient, rtol=1e-5, atol=1e-7)


def test_neighbours_are_those_of_the_cpu():
    generator = torch.Generator().manual_seed(0)
    bank = torch.randn(500, 32, generator=generator)
    queries = torch.randn(70, 32, generator=generator)
    labels = torch.randint(0, 7, (500,), generator=generator)
    expected = knn_classify(queries, bank, labels, k=5)
    found = knn_classify(queries, bank, labels, k=5, device='cuda')
    assert_close(found.cpu(), expected)
