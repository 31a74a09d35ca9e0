# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A 3-D convolution in two: over the picture, then over time."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.modules.utils import _triple


def middle_channels(
    in_channels: int, out_channels: int, kernel_size: Sequence[int]
) -> int:
    r"""Channels between, at which both forms have as many weights.

    :math:`\lfloor t d^2 c_{in} c_{out} / (d^2 c_{in} + t c_{out}) \rfloor`,
    section 3.5 of https://arxiv.org/abs/1711.11248.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (Sequence[int]): t, d, d.
    """
    t, height, width = kernel_size
    both = in_channels * out_channels
    area = height * width
    return t * area * both // (area * in_channels + t * out_channels)


class Conv2Plus1d(nn.Module):
    """(1, d, d), batch norm, ReLU, (t, 1, 1); nothing behind.

    A layer for ``conv_cfg=dict(type=Conv2Plus1d)`` of mmcv and mmaction2.
    mmaction2's own reckons with t = 3 whatever the kernel, so that its
    shortcuts are wider than published.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int | Sequence[int]): (t, d, d).
        stride (int | Sequence[int]): Of time with the second convolution,
            of the picture with the first.
        padding (int | Sequence[int]): Likewise.
        dilation (int | Sequence[int]): Likewise.
        groups (int): Must be 1.
        bias (bool): Of both convolutions.

    Raises:
        ValueError: groups is not 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        super().__init__()
        if groups != 1:
            raise ValueError(f'Conv2Plus1d has no groups, got {groups}')
        kernel, stride, padding, dilation = map(
            _triple, (kernel_size, stride, padding, dilation)
        )
        # mmcv's ConvModule reads these of whatever layer it holds.
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel, stride, padding
        self.dilation, self.groups = dilation, groups
        self.transposed, self.output_padding = False, (0, 0, 0)
        middle = middle_channels(in_channels, out_channels, kernel)
        self.conv_s = nn.Conv3d(
            in_channels,
            middle,
            (1, *kernel[1:]),
            (1, *stride[1:]),
            (0, *padding[1:]),
            (1, *dilation[1:]),
            bias=bias,
        )
        self.bn_s = nn.BatchNorm3d(middle)
        self.relu = nn.ReLU(inplace=True)
        self.conv_t = nn.Conv3d(
            middle,
            out_channels,
            (kernel[0], 1, 1),
            (stride[0], 1, 1),
            (padding[0], 0, 0),
            (dilation[0], 1, 1),
            bias=bias,
        )
        self.init_weights()

    def init_weights(self) -> None:
        """Kaiming's, as mmcv's layers; mmcv asks the layer for it."""
        for conv in (self.conv_s, self.conv_t):
            nn.init.kaiming_normal_(
                conv.weight, mode='fan_out', nonlinearity='relu'
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, h, w) to (n, d, t', h', w')."""
        return self.conv_t(self.relu(self.bn_s(self.conv_s(x))))
