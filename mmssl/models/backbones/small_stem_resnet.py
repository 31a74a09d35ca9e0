# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ResNet with the stem that small pictures need."""

from collections.abc import Sequence

import torchvision
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS

STEMS = ('cifar', 'small', 'imagenet')


@MODELS.register_module()
class SmallStemResNet(BaseModule):
    """torchvision's ResNet without its classifier, with a choice of stem.

    Parameter names are those of torchvision and of ``mmdet.ResNet``.
    Weights start as in torchvision (Kaiming normal, fan out); the replaced
    first convolution keeps PyTorch's own start (Kaiming uniform), as in the
    published W-MSE code.

    Args:
        depth (int): 18, 34, 50, 101 or 152.
        stem (str): 'cifar': 3x3 stride 1, no max-pooling (32 px);
            'small': 3x3 stride 1 and max-pooling (64 px); 'imagenet': 7x7
            stride 2 and max-pooling (224 px).
        out_indices (Sequence[int]): Stages (0 to 3) whose maps are
            returned.
        with_stem (bool): Also return the map of the stem, before
            max-pooling, in front of the others.
        zero_init_residual (bool): Start the last norm of each block at 0.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: If depth or stem is unknown.
    """

    def __init__(
        self,
        depth: int = 18,
        stem: str = 'cifar',
        out_indices: Sequence[int] = (3,),
        with_stem: bool = False,
        zero_init_residual: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if stem not in STEMS:
            raise ValueError(f'stem must be one of {STEMS}, got {stem!r}')
        build = getattr(torchvision.models, f'resnet{depth}', None)
        if build is None:
            raise ValueError(
                f'depth must be 18, 34, 50, 101 or 152, got {depth}'
            )
        self.out_indices = tuple(out_indices)
        self.with_stem = with_stem
        net = build(weights=None, zero_init_residual=zero_init_residual)
        if stem != 'imagenet':
            net.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.conv1, self.bn1, self.relu = net.conv1, net.bn1, net.relu
        self.maxpool = nn.Identity() if stem == 'cifar' else net.maxpool
        for i in range(4):
            self.add_module(f'layer{i + 1}', getattr(net, f'layer{i + 1}'))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(n, 3, h, w) to the maps that were asked for, early ones first."""
        x = self.relu(self.bn1(self.conv1(x)))
        maps = [x] if self.with_stem else []
        x = self.maxpool(x)
        for i in range(4):
            x = getattr(self, f'layer{i + 1}')(x)
            if i in self.out_indices:
                maps.append(x)
        return tuple(maps)
