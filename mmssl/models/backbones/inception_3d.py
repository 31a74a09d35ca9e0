# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Inception-v1 for clips: I3D, and S3D-G, whose filters are separated."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn

from mmssl.models.backbones.video_trunk import VideoTrunk
from mmssl.registry import MODELS

# Channels of a mixed block: 1 x 1 x 1; the two ways of 1 x 1 x 1 and
# 3 x 3 x 3; pooling and 1 x 1 x 1.  Table 1 of
# https://arxiv.org/abs/1409.4842.
MIXED = {
    'mixed_3b': (64, (96, 128), (16, 32), 32),
    'mixed_3c': (128, (128, 192), (32, 96), 64),
    'mixed_4b': (192, (96, 208), (16, 48), 64),
    'mixed_4c': (160, (112, 224), (24, 64), 64),
    'mixed_4d': (128, (128, 256), (24, 64), 64),
    'mixed_4e': (112, (144, 288), (32, 64), 64),
    'mixed_4f': (256, (160, 320), (32, 128), 128),
    'mixed_5b': (256, (160, 320), (32, 128), 128),
    'mixed_5c': (384, (192, 384), (48, 128), 128),
}


def same_padding(
    size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]
) -> list[int]:
    """Zeros on each side, in ``F.pad``'s order, that TensorFlow's SAME adds.

    The output has ceil(size / stride) cells; an odd number of zeros leaves
    one more behind than before.
    """
    padding = []
    for n, k, s in zip(size, kernel, stride, strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        padding = [total // 2, total - total // 2, *padding]
    return padding


class SamePad(nn.Module):
    """Zeros around a map for the layer behind, as TensorFlow's SAME.

    Args:
        kernel (Sequence[int]): Kernel of the layer, (t, h, w).
        stride (Sequence[int]): Its stride.
    """

    def __init__(self, kernel: Sequence[int], stride: Sequence[int]) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, h, w) to the same, wider."""
        padding = same_padding(x.shape[2:], self.kernel, self.stride)
        return F.pad(x, padding) if any(padding) else x


class FeatureGate(nn.Module):
    """Weighs channels by their averages over the clip.

    Section 4.4 of https://arxiv.org/abs/1712.04851.

    Args:
        channels (int): c.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.excitation = nn.Conv3d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, h, w) to the same shape."""
        average = x.mean((2, 3, 4), keepdim=True)
        return x * self.excitation(average).sigmoid()


class MixedBlock(nn.Module):
    """Four ways side by side, joined by their channels.

    Args:
        in_channels (int): Channels of the input.
        widths (tuple): An entry of ``MIXED``.
        pointwise (Callable): Channels in and out to a layer of 1 x 1 x 1.
        wide (Callable): The same to one of 3 x 3 x 3.
    """

    def __init__(
        self,
        in_channels: int,
        widths: tuple,
        pointwise: Callable[[int, int], nn.Module],
        wide: Callable[[int, int], nn.Module],
    ) -> None:
        super().__init__()
        alone, (narrow1, wide1), (narrow2, wide2), pooled = widths
        self.branch0 = pointwise(in_channels, alone)
        self.branch1 = nn.Sequential(
            pointwise(in_channels, narrow1), wide(narrow1, wide1)
        )
        self.branch2 = nn.Sequential(
            pointwise(in_channels, narrow2), wide(narrow2, wide2)
        )
        self.branch3 = nn.Sequential(
            nn.MaxPool3d(3, stride=1, padding=1),
            pointwise(in_channels, pooled),
        )
        self.out_channels = alone + wide1 + wide2 + pooled

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, t, h, w) to (n, d, t, h, w)."""
        ways = (self.branch0, self.branch1, self.branch2, self.branch3)
        return torch.cat([way(x) for way in ways], dim=1)


class _Inception3d(VideoTrunk):
    """The order of layers that both networks share."""

    def __init__(
        self,
        base_channels: int = 64,
        out_indices: Sequence[int] = (-1,),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if base_channels < 4:  # the narrowest layer has a quarter
            raise ValueError(
                f'base_channels must be >= 4, got {base_channels}'
            )
        norm = norm_cfg or dict(type='BN3d')

        def scaled(width: int) -> int:
            return width * base_channels // 64

        def pointwise(c: int, d: int) -> nn.Module:
            return _conv(c, d, (1, 1, 1), norm)

        def wide(c: int, d: int) -> nn.Module:
            return self.wide(c, d, 3, 1, norm)

        def mixed(c: int, letters: str, number: int) -> list[nn.Module]:
            blocks = []
            for letter in letters:
                alone, way1, way2, pooled = MIXED[f'mixed_{number}{letter}']
                widths = (
                    scaled(alone),
                    tuple(map(scaled, way1)),
                    tuple(map(scaled, way2)),
                    scaled(pooled),
                )
                blocks.append(MixedBlock(c, widths, pointwise, wide))
                c = blocks[-1].out_channels
            return blocks

        spatial = ((1, 3, 3), (1, 2, 2))
        first, second = scaled(64), scaled(192)
        third = mixed(second, 'bc', 3)
        fourth = mixed(third[-1].out_channels, 'bcdef', 4)
        fifth = mixed(fourth[-1].out_channels, 'bc', 5)
        stages = dict(
            stage1=[self.wide(3, first, 7, 2, norm)],
            stage2=[
                self.pool(*spatial),
                pointwise(first, first),
                wide(first, second),
            ],
            stage3=[self.pool(*spatial), *third],
            stage4=[self.pool((3, 3, 3), (2, 2, 2)), *fourth],
            stage5=[self.pool((2, 2, 2), (2, 2, 2)), *fifth],
        )
        super().__init__(
            {name: nn.Sequential(*layers) for name, layers in stages.items()},
            out_indices,
            init_cfg,
        )


def _conv(
    c: int,
    d: int,
    kernel: Sequence[int],
    norm_cfg: dict,
    stride: int = 1,
    padding: int | Sequence[int] = 0,
) -> ConvModule:
    return ConvModule(
        c,
        d,
        kernel,
        stride=stride,
        padding=padding,
        bias=False,
        conv_cfg=dict(type='Conv3d'),
        norm_cfg=norm_cfg,
    )


@MODELS.register_module()
class I3DInception(_Inception3d):
    """Inflated Inception-v1, https://arxiv.org/abs/1705.07750.

    A batch norm and a ReLU after every convolution, TensorFlow's padding.
    Five stages, of 64, 192, 480, 832 and 1024 channels; 16 x 224 x 224 gives
    8 x 112, 8 x 56, 8 x 28, 4 x 14 and 2 x 7; the pooling opens a stage.
    mmaction2's "I3D" is an inflated ResNet.

    Args:
        base_channels (int): 64 as published; all widths go with it.
        out_indices (Sequence[int]): See :class:`VideoTrunk`.
        norm_cfg (dict): Of all norms.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.

    Raises:
        ValueError: base_channels below 4.
    """

    @staticmethod
    def wide(
        c: int, d: int, kernel: int, stride: int, norm_cfg: dict
    ) -> nn.Module:
        """A convolution over time and picture together."""
        return nn.Sequential(
            SamePad((kernel,) * 3, (stride,) * 3),
            _conv(c, d, (kernel,) * 3, norm_cfg, stride),
        )

    @staticmethod
    def pool(kernel: tuple[int, ...], stride: tuple[int, ...]) -> nn.Module:
        """Zeros are padded: behind a ReLU they never are the maximum."""
        return nn.Sequential(
            SamePad(kernel, stride), nn.MaxPool3d(kernel, stride)
        )


@MODELS.register_module()
class S3DG(_Inception3d):
    """Separable Inception with feature gating.

    https://arxiv.org/abs/1712.04851 in the form of DSM's code: every
    convolution wider than 1 x 1 x 1 is one of the picture and one of time,
    each with batch norm and ReLU, and a gate; the paper gates each branch.
    The stride of the stem, in time as well, is that of its first part.
    Stages as :class:`I3DInception`.

    Args:
        base_channels (int): 64 as published; all widths go with it.
        out_indices (Sequence[int]): See :class:`VideoTrunk`.
        norm_cfg (dict): Of all norms; published are eps 0.001 and momentum
            0.001, at which running statistics need thousands of steps.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.

    Raises:
        ValueError: base_channels below 4.
    """

    def __init__(
        self,
        base_channels: int = 64,
        out_indices: Sequence[int] = (-1,),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        norm_cfg = norm_cfg or dict(type='BN3d', eps=1e-3, momentum=1e-3)
        super().__init__(base_channels, out_indices, norm_cfg, init_cfg)

    @staticmethod
    def wide(
        c: int, d: int, kernel: int, stride: int, norm_cfg: dict
    ) -> nn.Module:
        """Picture, then time, then the gate."""
        half = kernel // 2
        return nn.Sequential(
            _conv(
                c, d, (1, kernel, kernel), norm_cfg, stride, (0, half, half)
            ),
            _conv(d, d, (kernel, 1, 1), norm_cfg, padding=(half, 0, 0)),
            FeatureGate(d),
        )

    @staticmethod
    def pool(kernel: tuple[int, ...], stride: tuple[int, ...]) -> nn.Module:
        """Padding alike on both sides, none for even kernels."""
        padding = tuple(k // 2 if k % 2 else 0 for k in kernel)
        return nn.MaxPool3d(kernel, stride, padding)
