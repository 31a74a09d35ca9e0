# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""R(2+1)D-26: bottleneck blocks whose middle convolution is in two parts."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from torch import nn

from mmssl.models.backbones.residual_3d import residual_stages
from mmssl.models.backbones.video_trunk import VideoTrunk
from mmssl.models.layers import Conv2Plus1d
from mmssl.registry import MODELS


@MODELS.register_module()
class R2Plus1D26(VideoTrunk):
    """R(2+1)D of 26 layers, the clip network of CMD.

    Bottlenecks (2, 2, 2, 2) of mmaction2's ``ResNet3d`` with the stem and
    the middle convolution of each block in two parts;
    ``mmaction.ResNet2Plus1d`` splits the convolutions of 1 x 1 x 1, too.
    16 x 112 x 112 gives 16 x 28 (stem and layer1), 8 x 14, 4 x 7, 2 x 4.

    Args:
        base_channels (int): Channels of the stem, 64 as published.
        out_indices (Sequence[int]): Stem is 0; see :class:`VideoTrunk`.
        norm_cfg (dict): Of the norms but the one inside a pair, which is
            always a plain batch norm.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        base_channels: int = 64,
        out_indices: Sequence[int] = (-1,),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        stages = residual_stages(
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
            depth=50,
            stage_blocks=(2, 2, 2, 2),
            base_channels=base_channels,
            norm_cfg=norm_cfg or dict(type='BN3d'),
        )
        stem = stages['stem']
        stem.conv1 = in_two_parts(stem.conv1)
        for name, stage in stages.items():
            for block in () if name == 'stem' else stage:
                block.conv2 = in_two_parts(block.conv2)
                # A block begins as its shortcut.
                nn.init.zeros_(block.conv3.norm.weight)
        super().__init__(stages, out_indices, init_cfg)


def in_two_parts(module: ConvModule) -> ConvModule:
    """The same with :class:`Conv2Plus1d`, its norm and ReLU behind it."""
    whole = module.conv
    return ConvModule(
        whole.in_channels,
        whole.out_channels,
        whole.kernel_size,
        whole.stride,
        whole.padding,
        bias=False,
        conv_cfg=dict(type=Conv2Plus1d),
        norm_cfg=module.norm_cfg,
    )
