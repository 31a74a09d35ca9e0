# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""AMDIM's residual network: a wide trunk of small receptive fields.

Section 3.3 of https://arxiv.org/abs/1906.00910; parameters have the names of
https://github.com/Philip-Bachman/amdim-public, so that its weights load.
"""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


class MaybeNorm(nn.Module):
    """Batch norm, or nothing: then its parameters rest, as the authors' do.

    Args:
        channels (int): c.
        use_bn (bool): Normalise.
    """

    def __init__(self, channels: int, use_bn: bool) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.use_bn = use_bn
        # Parameters without gradient would halt DistributedDataParallel.
        self.bn.requires_grad_(use_bn)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        return self.bn(x) if self.use_bn else x


class PaddedConv(nn.Module):
    """Convolution with bias and reflecting border, then ReLU.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel (int): Side of the kernel.
        stride (int): Stride.
        pad (int): Pixels mirrored on each side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        pad: int = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride)
        self.pad = pad

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h', w')."""
        if self.pad:
            x = F.pad(x, [self.pad] * 4, mode='reflect')
        return self.conv(x).relu()


class ResidualConv(nn.Module):
    """Two convolutions beside average pooling and channels of zeros.

    Nothing follows the sum.  At the start the second convolution is zero.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output, not fewer.
        kernel (int): Side of the first convolution and of the pooling.
        stride (int): Their stride.
        use_bn (bool): Batch norm between the convolutions.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int,
        use_bn: bool,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, out_channels, kernel, stride, bias=False
        )
        self.conv2 = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.bn1 = MaybeNorm(out_channels, use_bn)
        self.pool = nn.AvgPool2d(kernel, stride)
        self.new_channels = out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h', w')."""
        residual = self.conv2(self.bn1(self.conv1(x)).relu())
        shortcut = F.pad(self.pool(x), (0, 0, 0, 0, 0, self.new_channels))
        return residual + shortcut


class ResidualBlock(nn.Module):
    """One spatial residual convolution and ``depth - 1`` of size 1 x 1.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel (int): Side of the first convolution.
        stride (int): Its stride.
        depth (int): Residual convolutions.
        use_bn (bool): Batch norm inside them.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int,
        depth: int,
        use_bn: bool,
    ) -> None:
        super().__init__()
        first = ResidualConv(in_channels, out_channels, kernel, stride, use_bn)
        self.layer_list = nn.Sequential(
            first,
            *(
                ResidualConv(out_channels, out_channels, 1, 1, use_bn)
                for _ in range(depth - 1)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h', w')."""
        return self.layer_list(x)


class LocalProjection(nn.Module):
    """From a map to local features in the space of the global one.

    At the start near the identity, with channels of zeros.

    Args:
        in_channels (int): c of the map.
        out_channels (int): D of the features, not fewer.
        use_bn (bool): Batch norm in the hidden layer.
    """

    def __init__(
        self, in_channels: int, out_channels: int, use_bn: bool
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 1, bias=False)
        self.bn_hid = MaybeNorm(out_channels, use_bn)
        self.bn_out = MaybeNorm(out_channels, use_bn=True)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1)
        with torch.no_grad():
            weight = self.shortcut.weight[:, :, 0, 0]
            weight.uniform_(-0.01, 0.01)
            weight.fill_diagonal_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, D, h, w)."""
        hidden = self.bn_hid(self.conv1(x)).relu()
        return self.bn_out(self.conv2(hidden) + self.shortcut(x))


@MODELS.register_module()
class AMDIMEncoder(BaseModule):
    """The encoder of AMDIM for pictures of 32, 64 or 128 pixels.

    Args:
        encoder_size (int): Side of the pictures: 32, 64 or 128.
        ndf (int): Channels of the first layer.
        n_rkhs (int): D, channels of the features; at least 8 ndf (4 ndf at
            32 pixels).
        n_depth (int): Residual convolutions a block.
        use_bn (bool): Batch norm inside the blocks, too.
        projections (bool): Return the local features; without them the
            networks that compute them are not built.
        zero_init (bool): Start with every residual branch at zero, as
            AMDIM; False leaves PyTorch's initialisation, as the authors of
            https://arxiv.org/abs/1911.06045 without pre-training.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: No such size, or n_rkhs is too small.
    """

    def __init__(
        self,
        encoder_size: int = 128,
        ndf: int = 192,
        n_rkhs: int = 1536,
        n_depth: int = 8,
        use_bn: bool = False,
        projections: bool = True,
        zero_init: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if encoder_size not in (32, 64, 128):
            raise ValueError(
                f'encoder_size must be 32, 64 or 128, got {encoder_size}'
            )
        widest = (4 if encoder_size == 32 else 8) * ndf
        if n_rkhs < widest:
            raise ValueError(
                f'n_rkhs must be at least {widest}, the width of the trunk '
                f'with ndf={ndf}, got {n_rkhs}'
            )

        def block(c: int, d: int, kernel: int, stride: int) -> ResidualBlock:
            return ResidualBlock(c, d, kernel, stride, n_depth, use_bn)

        if encoder_size == 32:
            first = [
                PaddedConv(3, ndf, 3),
                ResidualConv(ndf, ndf, 1, 1, use_bn),
                block(ndf, 2 * ndf, 4, 2),
                block(2 * ndf, widest, 2, 2),
            ]
        else:
            first = (
                [PaddedConv(3, ndf, 3), block(ndf, 2 * ndf, 4, 2)]
                if encoder_size == 64
                else [
                    PaddedConv(3, ndf, 5, stride=2, pad=2),
                    PaddedConv(ndf, ndf, 3),
                    block(ndf, 2 * ndf, 4, 2),
                ]
            )
            first += [
                block(2 * ndf, 4 * ndf, 4, 2),
                block(4 * ndf, widest, 2, 2),
            ]
        self.layer_list = nn.ModuleList(
            [
                *first,
                MaybeNorm(widest, use_bn),  # 7 x 7
                block(widest, widest, 3, 1),  # 5 x 5
                block(widest, widest, 3, 1),
                ResidualConv(widest, n_rkhs, 3, 1, use_bn),  # 1 x 1
                MaybeNorm(n_rkhs, use_bn=True),
            ]
        )
        self.encoder_size = encoder_size
        self.projections = projections
        if projections:
            self.rkhs_block_5 = LocalProjection(widest, n_rkhs, use_bn)
            self.rkhs_block_7 = LocalProjection(widest, n_rkhs, use_bn)
        if zero_init:
            for module in self.modules():
                if isinstance(module, (ResidualConv, LocalProjection)):
                    nn.init.zeros_(module.conv2.weight)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Local and global features.

        Args:
            x (Tensor): (n, 3, size, size), normalised.

        Returns:
            tuple[Tensor, ...]: r7 (n, D, 7, 7), r5 (n, D, 5, 5) and, last
            as other backbones' deepest map, r1 (n, D, 1, 1); r1 alone
            without projections.

        Raises:
            ValueError: The pictures have another size.
        """
        if x.shape[-2:] != (self.encoder_size, self.encoder_size):
            raise ValueError(
                f'this AMDIMEncoder takes pictures of {self.encoder_size} x '
                f'{self.encoder_size} pixels, got {tuple(x.shape[-2:])}; '
                'change the size of the views, or encoder_size to 32, 64 or '
                '128'
            )
        if not x.is_cuda:
            # On a CPU a step takes half the time, most of all its pooling.
            x = x.contiguous(memory_format=torch.channels_last)
        *first, norm7, block5, block3, block1, norm1 = self.layer_list
        for layer in first:
            x = layer(x)
        map7 = norm7(x)
        map5 = block5(map7)
        r1 = norm1(block1(block3(map5)))
        if not self.projections:
            return (r1,)
        return self.rkhs_block_7(map7), self.rkhs_block_5(map5), r1
