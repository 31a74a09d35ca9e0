# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""C3D's convolutions with batch norm, without its fully connected layers."""

from collections.abc import Sequence

from mmcv.cnn import build_norm_layer
from torch import nn

from mmssl.models.backbones.video_trunk import VideoTrunk
from mmssl.registry import MODELS


@MODELS.register_module()
class C3DBN(VideoTrunk):
    """Eight convolutions of 3 x 3 x 3 with bias, batch norm and ReLU.

    The network of https://arxiv.org/abs/1412.0767 as CMD and DSM use it: no
    pool5, no fc6 and fc7 (``mmaction.C3D`` has both, and no bias).  16 x 112
    x 112 gives five stages of 16 x 56, 8 x 28, 4 x 14, 2 x 7 and 2 x 7; the
    pooling closes a stage.

    Args:
        base_channels (int): Channels of the first layer, 64 as published.
        out_indices (Sequence[int]): See :class:`VideoTrunk`.
        norm_cfg (dict): Of all norms.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        base_channels: int = 64,
        out_indices: Sequence[int] = (-1,),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        norm_cfg = norm_cfg or dict(type='BN3d')
        stages, in_channels = {}, 3
        for number, (widening, depth) in enumerate(
            [(1, 1), (2, 1), (4, 2), (8, 2), (8, 2)], start=1
        ):
            layers = []
            for _ in range(depth):
                channels = widening * base_channels
                layers += [
                    nn.Conv3d(in_channels, channels, 3, padding=1),
                    build_norm_layer(norm_cfg, channels)[1],
                    nn.ReLU(inplace=True),
                ]
                in_channels = channels
            if number < 5:
                layers.append(nn.MaxPool3d((1 if number == 1 else 2, 2, 2)))
            stages[f'stage{number}'] = nn.Sequential(*layers)
        super().__init__(stages, out_indices, init_cfg)
