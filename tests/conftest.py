# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Small networks and views that many tests share."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))  # for golden.py and friends

from mmssl.registry import MODELS

# Several tests run side by side; more threads than cores are far slower.
torch.set_num_threads(1)


@MODELS.register_module(name='IdentityNet', force=True)
class IdentityNet(nn.Module):
    """A backbone or projector that changes nothing (for goldens)."""

    def __init__(self, sizes=()):
        super().__init__()

    def forward(self, x):
        return x


def pytest_collection_modifyitems(items):
    """Say why tests of a GPU do not run where there is none."""
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker('gpu'):
                item.add_marker(pytest.mark.skip(reason='no CUDA device'))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def views():
    """Two views of eight pictures, 3x8x8."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(8, 3, 8, 8, generator=generator) for _ in range(2)]


@pytest.fixture
def tiny_backbone():
    """Config of a 4-channel backbone."""
    return dict(type='SmallConvNet', channels=(4, 4), strides=(1, 2))
