# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Batch norm over one machine: which processes, and what else it is."""

from copy import deepcopy

import pytest
import torch
import torch.distributed as dist
from mmcv.cnn import build_norm_layer
from mmengine.registry import DefaultScope
from torch.nn import SyncBatchNorm
from two_processes import run_in_two_processes

from mmssl.compat.upstream import revert_sync_batchnorm_on_cpu
from mmssl.models.layers import NodeSyncBN, node_sync_bn


def group_sizes(rank, per_node):
    """Size of the group that the layer is normalised over."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('LOCAL_WORLD_SIZE', str(per_node))
        patch.setattr(
            SyncBatchNorm,
            'forward',
            lambda self, x: seen.append(dist.get_world_size(
                self.process_group)),
        )  # fmt: skip
        layer = NodeSyncBN(3)
        layer(torch.zeros(2, 3))
    assert layer.process_group is None
    return seen


@pytest.mark.parametrize('per_node', [1, 2])
def test_statistics_are_those_of_the_machine(per_node):
    found = run_in_two_processes(group_sizes, per_node)
    assert found == [[per_node], [per_node]]


def test_networks_get_it_by_name_and_can_be_copied():
    with DefaultScope.overwrite_default_scope('mmaction'):
        name, layer = build_norm_layer(dict(type='mmssl.NodeSyncBN'), 6)
    assert name == 'bn' and isinstance(deepcopy(layer), NodeSyncBN)
    with pytest.warns(UserWarning, match='1 SyncBN layers run as plain BN'):
        plain = revert_sync_batchnorm_on_cpu(layer)
    x = torch.randn(4, 6, 2, 2, 2)
    torch.testing.assert_close(
        plain(x), torch.nn.BatchNorm3d(6)(x), rtol=0, atol=0
    )


def test_without_other_processes_there_is_no_group(monkeypatch):
    groups = []
    monkeypatch.setattr(
        SyncBatchNorm, 'forward', lambda s, x: groups.append(s.process_group)
    )
    monkeypatch.setattr(node_sync_bn, 'is_distributed', lambda: False)
    NodeSyncBN(3)(torch.zeros(2, 3))
    assert groups == [None]
