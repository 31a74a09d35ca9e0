# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A convolutional network of four layers, for tests and short runs."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


@MODELS.register_module()
class SmallConvNet(BaseModule):
    """Convolution 3x3, batch norm, ReLU, repeated.

    Args:
        channels (Sequence[int]): Output channels of each layer.
        strides (Sequence[int]): Stride of each layer.
        in_channels (int): Channels of the input.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: If channels and strides differ in length.
    """

    def __init__(
        self,
        channels: Sequence[int] = (16, 32, 64, 128),
        strides: Sequence[int] = (1, 2, 2, 2),
        in_channels: int = 3,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if len(channels) != len(strides):
            raise ValueError(
                'channels and strides need one entry a layer, got '
                f'{len(channels)} and {len(strides)}'
            )
        layers = []
        for out_channels, stride in zip(channels, strides, strict=True):
            layers.append(
                nn.Sequential(
                    nn.Conv2d(
                        in_channels,
                        out_channels,
                        3,
                        stride=stride,
                        padding=1,
                        bias=False,
                    ),
                    nn.BatchNorm2d(out_channels),
                    nn.ReLU(inplace=True),
                )
            )
            in_channels = out_channels
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(n, c, h, w) to the last map, in a tuple."""
        return (self.layers(x),)
