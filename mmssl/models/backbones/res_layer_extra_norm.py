# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The fifth stage of a C4 detector, with the norm that MoCo adds."""

from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor

from mmssl.registry import MODELS


@MODELS.register_module()
class ResLayerExtraNorm(BaseModule):
    """mmdet's ``ResLayer``, all of it trained, with one more norm behind it.

    Where the backbone trains from self-supervised weights, whose scale a
    frozen norm does not know, MoCo (https://arxiv.org/abs/1911.05722,
    ``Res5ROIHeadsExtraNorm`` of its code) puts a norm before the box head.
    Parameter names are those of ResNet (``layer4.``), and ``norm.``.

    Args:
        norm_cfg (dict): Of the stage and of the added norm.
        init_cfg (dict, optional): MMEngine's initialisation.
        **kwargs: See mmdet's ``ResLayer``.
    """

    def __init__(
        self, norm_cfg: dict, init_cfg: dict | None = None, **kwargs
    ) -> None:
        super().__init__(init_cfg)
        stage = MODELS.build(
            dict(
                type='mmdet.ResLayer',
                norm_cfg=norm_cfg,
                norm_eval=False,
                **kwargs,
            )
        )
        self.stage_name = f'layer{stage.stage + 1}'
        self.add_module(self.stage_name, getattr(stage, self.stage_name))
        channels = getattr(self, self.stage_name)[-1].conv3.out_channels
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, 2 c, h / stride, w / stride)."""
        return self.norm(getattr(self, self.stage_name)(x))
