# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Convolutional encoder and decoder of CURL.

In the authors' code, but in none of their published settings.  Convolutions
are 3 x 3 with TensorFlow's padding 'same': a stride s makes ceil(size / s) of
a size, and where the padding is odd the right and lower side get more.
"""

from collections.abc import Sequence
from math import prod

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS

from .networks import StackedLinear

KERNEL = 3


def map_sizes(size: int, strides: Sequence[int]) -> list[int]:
    """Sides of the maps: of the picture, then after each stride."""
    sizes = [size]
    for stride in strides:
        sizes.append(-(-sizes[-1] // stride))
    return sizes


def same_conv(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolution of square maps with padding 'same'."""
    size, stride = x.shape[-1], layer.stride[0]
    missing = max((-(-size // stride) - 1) * stride + KERNEL - size, 0)
    before, after = missing // 2, missing - missing // 2
    return layer(F.pad(x, (before, after, before, after)))


def same_deconv(layer: nn.ConvTranspose2d, x: Tensor) -> Tensor:
    """The gradient of :func:`same_conv` for maps of ``stride * size``."""
    size, stride = x.shape[-1] * layer.stride[0], layer.stride[0]
    before = max(KERNEL - stride, 0) // 2
    inside = slice(before, before + size)
    # Strides above 3 leave pixels at the end that no kernel reaches.
    x = F.pad(layer(x), (0, max(stride - KERNEL, 0)) * 2)
    return x[..., inside, inside]


def centre_crop(x: Tensor, size: int) -> Tensor:
    """The middle of square maps; of an odd rest, more is cut at the end."""
    start = (x.shape[-1] - size) // 2
    return x[..., start : start + size, start : start + size]


def check_strides(name: str, channels: Sequence, strides: Sequence) -> None:
    """Refuse numbers of layers that do not fit.

    Raises:
        ValueError: There is not one stride a convolution.
    """
    if len(strides) != len(channels) or not len(strides):
        raise ValueError(
            f'{name} needs a stride for each of its convolutions, got '
            f'strides={tuple(strides)} for channels={tuple(channels)}'
        )


def xavier(layer: nn.Module) -> nn.Module:
    """Glorot's uniform weights and no bias, TensorFlow's default."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


@MODELS.register_module()
class CURLConvEncoder(BaseModule):
    """The shared encoder with convolutions: strides, then a linear layer.

    Args:
        channels (Sequence[int]): Of each convolution; ReLU after each.
        strides (Sequence[int]): Likewise.
        out_features (int): H; a ReLU follows.
        size (int): Side of the pictures, pixels.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: See :func:`check_strides`.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        out_features: int,
        size: int = 28,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_strides(type(self).__name__, channels, strides)
        self.size = size
        self.convs = nn.ModuleList(
            xavier(nn.Conv2d(before, after, KERNEL, stride))
            for before, after, stride in zip(
                (1, *channels[:-1]), channels, strides, strict=True
            )
        )
        last = map_sizes(size, strides)[-1]
        self.linear = StackedLinear(1, channels[-1] * last**2, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, size, size), flat or not, to (B, H).

        Raises:
            ValueError: The pictures have another number of pixels.
        """
        x = x.flatten(1)
        if x.shape[1] != self.size**2:
            raise ValueError(
                f'the encoder takes pictures of {self.size} x {self.size} '
                f'pixels, these have {x.shape[1]}; set size of backbone and '
                'head to their side'
            )
        x = x.view(-1, 1, self.size, self.size)
        for conv in self.convs:
            x = F.relu(same_conv(conv, x))
        return F.relu(self.linear(x.flatten(1)))


@MODELS.register_module()
class BernoulliConvDecoder(BaseModule):
    """From a latent vector to the logits of binary pixels, by convolutions.

    Two linear layers, then transposed convolutions back through the sizes
    of the maps of the encoder, each with a ReLU; one more convolution gives
    the logits.  One decoder for all components.

    Args:
        latent_dim (int): D.
        hidden (int): Width of the first linear layer.
        bottom (int): Channels of the smallest map, the second linear layer.
        channels (Sequence[int]): Of each transposed convolution.
        strides (Sequence[int]): Likewise; those of the encoder backwards.
        size (int): Side of the pictures, pixels.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: See :func:`check_strides`.
    """

    def __init__(
        self,
        latent_dim: int,
        hidden: int,
        bottom: int,
        channels: Sequence[int],
        strides: Sequence[int],
        size: int = 28,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_strides(type(self).__name__, channels, strides)
        *self.sizes, last = map_sizes(size, strides[::-1])
        self.bottom = bottom, last, last
        self.linears = nn.ModuleList(
            [
                StackedLinear(1, latent_dim, hidden),
                StackedLinear(1, hidden, prod(self.bottom)),
            ]
        )
        self.deconvs = nn.ModuleList(
            xavier(nn.ConvTranspose2d(before, after, KERNEL, stride))
            for before, after, stride in zip(
                (bottom, *channels[:-1]), channels, strides, strict=True
            )
        )
        self.logits = xavier(nn.Conv2d(channels[-1], 1, KERNEL))

    def forward(self, z: Tensor, components: Tensor | None = None) -> Tensor:
        """Logits of pixels.

        Args:
            z (Tensor): (..., D).
            components (Tensor, optional): Not used: one decoder for all.

        Returns:
            Tensor: (..., I).
        """
        x = z.flatten(0, -2)
        for linear in self.linears:
            x = F.relu(linear(x))
        x = x.view(-1, *self.bottom)
        for deconv, size in zip(self.deconvs, self.sizes[::-1], strict=True):
            x = centre_crop(F.relu(same_deconv(deconv, x)), size)
        return same_conv(self.logits, x).reshape(*z.shape[:-1], -1)
