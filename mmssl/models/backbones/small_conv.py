# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A convolutional network of a few layers, for tests and short runs."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


@MODELS.register_module()
class SmallConvNet(BaseModule):
    """Convolution of 3 cells a side, batch norm, ReLU, repeated.

    Args:
        channels (Sequence[int]): Output channels of each layer.
        strides (Sequence[int | tuple[int, ...]]): Stride of each layer.
        in_channels (int): Channels of the input.
        dims (int): 2 for pictures, 3 for clips.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: If channels and strides differ in length, or dims is
            neither 2 nor 3.
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 64, 128),
        strides: Sequence[int | tuple[int, ...]] = (1, 2, 2, 2),
        in_channels: int = 3,
        dims: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(channels) != len(strides):
            raise ValueError(
                'channels and strides need one entry a layer, got '
                f'{len(channels)} and {len(strides)}'
            )
        if dims not in (2, 3):
            raise ValueError(f'dims must be 2 or 3, got {dims}')
        conv = nn.Conv2d if dims == 2 else nn.Conv3d
        norm = nn.BatchNorm2d if dims == 2 else nn.BatchNorm3d
        layers = []
        for out_channels, stride in zip(channels, strides, strict=True):
            layers.append(
                nn.Sequential(
                    conv(
                        in_channels,
                        out_channels,
                        3,
                        stride=stride,
                        padding=1,
                        bias=False,
                    ),
                    norm(out_channels),
                    nn.ReLU(inplace=True),
                )
            )
            in_channels = out_channels
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(n, c, h, w) or (n, c, t, h, w) to the last map, in a tuple."""
        return (self.layers(x),)
