# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Linear classifiers on backbone features."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.models.layers import global_pool
from mmssl.registry import MODELS

# (kernel, stride, padding) of the average pooling behind conv1 and the four
# stages of a ResNet at 224 px: to 12, 6, 4, 3 and 2 cells a side
POOLS = ((10, 10, 4), (16, 8, 0), (13, 5, 0), (8, 3, 0), (6, 1, 0))


def _linear(in_channels: int, num_classes: int, init_std: float) -> nn.Linear:
    linear = nn.Linear(in_channels, num_classes)
    nn.init.normal_(linear.weight, std=init_std)
    nn.init.zeros_(linear.bias)
    return linear


@MODELS.register_module()
class LinearHead(BaseModule):
    """Global average pooling and one linear layer.

    Args:
        num_classes (int): Classes.
        in_channels (int): Channels of the last map.
        with_norm (bool): Batch norm without scale and shift in front, as
            probes of features of very different scale need.  Its statistics
            are means over all batches, for a frozen backbone: a running
            average would keep a trace of its start, a variance of 1.
        init_std (float): Standard deviation of the initial weights.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        with_norm: bool = False,
        init_std: float = 0.01,
    ) -> None:
        super().__init__()
        self.norm = (
            nn.BatchNorm1d(in_channels, eps=1e-6, momentum=None, affine=False)
            if with_norm
            else nn.Identity()
        )
        self.fc = _linear(in_channels, num_classes, init_std)

    def forward(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        """Backbone output to ``dict(cls=(n, num_classes))`` logits."""
        return dict(cls=self.fc(self.norm(global_pool(features))))


@MODELS.register_module()
class MultiStageLinearHead(BaseModule):
    """One linear classifier behind each stage, trained side by side.

    Average pooling to at most about 9,000 values, batch norm without scale
    and shift, linear layer: the protocol of
    https://arxiv.org/abs/1905.01235 as OpenSelfSup runs it.

    Args:
        num_classes (int): Classes.
        in_channels (Sequence[int]): Channels of each map that the backbone
            returns, early ones first.
        pools (Sequence[tuple[int, int, int]]): Kernel, stride and padding
            of the average pooling of each map.
        cells (Sequence[int]): Cells a side after pooling.
        norm_cfg (dict): Norm over the pooled maps.
        init_std (float): Standard deviation of the initial weights.

    Raises:
        ValueError: If the sequences differ in length, or the backbone
            returns another number of maps.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int] = (64, 256, 512, 1024, 2048),
        pools: Sequence[tuple[int, int, int]] = POOLS,
        cells: Sequence[int] = (12, 6, 4, 3, 2),
        norm_cfg: dict = dict(type='BN'),
        init_std: float = 0.01,
    ) -> None:
        super().__init__()
        if not len(in_channels) == len(pools) == len(cells):
            raise ValueError(
                'in_channels, pools and cells need one entry a stage, got '
                f'{len(in_channels)}, {len(pools)} and {len(cells)}'
            )
        norm_cfg = dict(norm_cfg, affine=False)
        self.pools = nn.ModuleList(
            nn.AvgPool2d(k, stride, padding) for k, stride, padding in pools
        )
        self.norms = nn.ModuleList(
            build_norm_layer(norm_cfg, c)[1] for c in in_channels
        )
        self.fcs = nn.ModuleList(
            _linear(c * side * side, num_classes, init_std)
            for c, side in zip(in_channels, cells, strict=True)
        )

    def forward(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        """Maps to logits by stage, ``dict(stage1=(n, num_classes), ...)``."""
        if len(features) != len(self.fcs):
            raise ValueError(
                f'the head has {len(self.fcs)} stages but the backbone '
                f'returns {len(features)} maps; set out_indices and '
                'with_stem of the backbone accordingly'
            )
        stages = zip(features, self.pools, self.norms, self.fcs, strict=True)
        return {
            f'stage{i}': fc(torch.flatten(norm(pool(x)), 1))
            for i, (x, pool, norm, fc) in enumerate(stages, 1)
        }
