# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Receptive field blocks: branches of different dilation, summed linearly.

https://arxiv.org/abs/1711.07767, in the form of the working copy at
https://github.com/avisekiit/adversarial_object_detection
(``detectors/PytorchSSD``).  Every convolution has batch norm in place of a
bias.
"""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn

NORM = dict(type='BN', momentum=0.01)


def conv(
    c: int,
    d: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    dilation: int = 1,
    act: bool = True,
    same: bool = True,
) -> ConvModule:
    """Convolution, batch norm, ReLU unless it is a linear one."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = tuple(dilation * (side // 2) if same else 0 for side in sides)
    return ConvModule(
        c,
        d,
        sides,
        stride,
        padding,
        dilation,
        bias=False,
        norm_cfg=NORM,
        act_cfg=dict(type='ReLU') if act else None,
    )


class BranchSum(BaseModule):
    r"""Branches, concatenated and mixed, plus a shortcut.

    .. math:: y = \mathrm{ReLU}(s \cdot W [b_0(x), b_1(x), \ldots] + V x)

    Args:
        branches (Sequence[nn.Module]): The last convolution of each is
            linear.
        widths (int): Channels of all branches together.
        c (int): Channels of the input.
        d (int): Channels of the output.
        stride (int): Of the branches and of the shortcut.
        scale (float): s.
    """

    def __init__(
        self,
        branches: Sequence[nn.Module],
        widths: int,
        c: int,
        d: int,
        stride: int = 1,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.mix = conv(widths, d, 1, act=False)
        self.shortcut = conv(c, d, 1, stride, act=False)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h / stride, w / stride)."""
        mixed = self.mix(torch.cat([b(x) for b in self.branches], dim=1))
        return (self.scale * mixed + self.shortcut(x)).relu()


def rfb_block(c: int, d: int, stride: int = 1) -> BranchSum:
    """The block of the deeper maps: dilations 3 and 5."""
    w = c // 8
    return BranchSum(
        [
            nn.Sequential(
                conv(c, w, 1),
                conv(w, 2 * w, 3, stride),
                conv(2 * w, 2 * w, 3, dilation=3, act=False),
            ),
            nn.Sequential(
                conv(c, w, 1),
                conv(w, 3 * w // 2, 3),
                conv(3 * w // 2, 2 * w, 3, stride),
                conv(2 * w, 2 * w, 3, dilation=5, act=False),
            ),
        ],
        4 * w,
        c,
        d,
        stride,
    )


def rfb_a_block(c: int, d: int) -> BranchSum:
    """The block of conv4_3: four branches, small kernels."""
    w = c // 4
    return BranchSum(
        [
            nn.Sequential(conv(c, w, 1), conv(w, w, 3, act=False)),
            nn.Sequential(
                conv(c, w, 1),
                conv(w, w, (3, 1)),
                conv(w, w, 3, dilation=3, act=False),
            ),
            nn.Sequential(
                conv(c, w, 1),
                conv(w, w, (1, 3)),
                conv(w, w, 3, dilation=3, act=False),
            ),
            nn.Sequential(
                conv(c, w // 2, 1),
                conv(w // 2, 3 * w // 4, (1, 3)),
                conv(3 * w // 4, w, (3, 1)),
                conv(w, w, 3, dilation=5, act=False),
            ),
        ],
        4 * w,
        c,
        d,
    )


class RFBExtras(BaseModule):
    """What RFBNet-300 adds to VGG-16."""

    def __init__(self) -> None:
        super().__init__()
        self.first = rfb_a_block(512, 512)
        self.others = nn.ModuleList(
            [
                rfb_block(1024, 1024),
                rfb_block(1024, 512, 2),
                rfb_block(512, 256, 2),
                nn.Sequential(
                    conv(256, 128, 1), conv(128, 256, 3, same=False)
                ),
                nn.Sequential(
                    conv(256, 128, 1), conv(128, 256, 3, same=False)
                ),
            ]
        )

    def forward(self, conv4_3: Tensor, fc7: Tensor) -> tuple[Tensor, ...]:
        """(n, 512, 38, 38) and (n, 1024, 19, 19) to six maps."""
        maps = [self.first(conv4_3)]
        x = fc7
        for block in self.others:
            x = block(x)
            maps.append(x)
        return tuple(maps)
