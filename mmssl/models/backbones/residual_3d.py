# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""R3D and R(2+1)D from mmaction2's blocks, with the stems that DSM has."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from mmssl.models.backbones.video_trunk import VideoTrunk
from mmssl.models.layers import Conv2Plus1d
from mmssl.registry import MODELS


def residual_stages(
    stem_pool: nn.Module | None, **settings
) -> dict[str, nn.Module]:
    """Stem and layers of mmaction2's ``ResNet3d``.

    Strides are 2 in time and picture from layer2 on, kernels 3 x 3 x 3.
    mmaction2's blocks begin as they like, whatever ``init_cfg`` says; in a
    ``nn.Sequential`` they are not asked again.

    Args:
        stem_pool (Module, optional): What follows the first convolution.
        **settings: As for ``mmaction.ResNet3d``.
    """
    net = MODELS.build(
        dict(
            type='mmaction.ResNet3d',
            pretrained2d=False,
            inflate_style='3x3x3',
            temporal_strides=(1, 2, 2, 2),
            **settings,
        )
    )
    stem = OrderedDict(conv1=net.conv1)
    if stem_pool is not None:
        stem['maxpool'] = stem_pool
    layers = {
        name: nn.Sequential(*getattr(net, name)) for name in net.res_layers
    }
    return dict(stem=nn.Sequential(stem), **layers)


@MODELS.register_module()
class ResNet3dKinetics(VideoTrunk):
    """R3D of depth 18 or 34, https://arxiv.org/abs/1711.09577.

    ``mmaction.ResNet3d`` but for the stem: 7 x 7 x 7 without stride in time,
    then a pooling of 3 x 3 x 3 with stride 2 in time, too.  16 x 112 x 112
    gives 8 x 28 (stem and layer1), 4 x 14, 2 x 7, 1 x 4.

    Args:
        depth (int): 18 or 34.
        base_channels (int): Channels of the stem, 64 as published.
        out_indices (Sequence[int]): Stem is 0; see :class:`VideoTrunk`.
        norm_cfg (dict): Of all norms.
        init_cfg (dict | list[dict], optional): MMEngine's initialisation.

    Raises:
        ValueError: Another depth.
    """

    def __init__(
        self,
        depth: int = 18,
        base_channels: int = 64,
        out_indices: Sequence[int] = (-1,),
        norm_cfg: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if depth not in (18, 34):
            raise ValueError(f'depth must be 18 or 34, got {depth}')
        stages = residual_stages(
            nn.MaxPool3d(3, stride=2, padding=1),
            depth=depth,
            base_channels=base_channels,
            conv1_kernel=(7, 7, 7),
            norm_cfg=norm_cfg or dict(type='BN3d'),
        )
        super().__init__(stages, out_indices, init_cfg)


@MODELS.register_module()
class R2Plus1D10(VideoTrunk):
    """R(2+1)D with one block a stage and no pooling.

    All convolutions are in two parts (https://arxiv.org/abs/1711.11248),
    those of the shortcuts, too; ``mmaction.ResNet2Plus1d`` pools behind the
    stem and has wider shortcuts.  16 x 112 x 112 gives 16 x 56 (stem and
    layer1), 8 x 28, 4 x 14, 2 x 7.

    Args:
        base_channels (int): Channels of the stem, 64 as published.
        out_indices (Sequence[int]): Stem is 0; see :class:`VideoTrunk`.
        norm_cfg (dict): Of the norms behind a pair; the one inside is
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
            None,
            depth=18,
            stage_blocks=(1, 1, 1, 1),
            base_channels=base_channels,
            conv1_kernel=(3, 7, 7),
            conv_cfg=dict(type=Conv2Plus1d),
            norm_cfg=norm_cfg or dict(type='BN3d'),
        )
        super().__init__(stages, out_indices, init_cfg)
