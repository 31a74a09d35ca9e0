# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Batch norm over the processes of one machine."""

from mmengine.dist import is_distributed
from torch import Tensor
from torch.nn import SyncBatchNorm

from mmssl.registry import MODELS

from .node_group import node_group


@MODELS.register_module()
class NodeSyncBN(SyncBatchNorm):
    """SyncBN whose statistics are those of one machine's processes.

    rho-BYOL, rho-SimCLR and rho-SwAV are published with batch norms over
    the 8 x 8 clips of a machine, whatever the number of machines
    (https://arxiv.org/abs/2104.14558).  On one machine it is SyncBN.  As
    ``norm_cfg=dict(type='mmssl.NodeSyncBN')`` in any network.

    The authors' code keeps the biased variance as running variance; this
    keeps the unbiased one, as PyTorch does.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (n, c, ...)."""
        # Kept for the call alone: a module with a group cannot be copied.
        self.process_group = node_group() if is_distributed() else None
        try:
            return super().forward(input)
        finally:
            self.process_group = None
