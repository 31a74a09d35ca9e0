# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""VGG-16 as the detectors of https://arxiv.org/abs/1810.02074 use it.

The layers before fc6 have mmcv's names (``features.N``), so that
``open-mmlab://vgg16_caffe`` loads.
"""

from mmcv.cnn import VGG
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import relu

from mmssl.models.backbones.rfb import RFBExtras
from mmssl.models.layers.vgg_fc import copy_layers, read_fc_layers, reduced_fc
from mmssl.registry import MODELS

CONV4_3 = 22  # place of its ReLU among the layers
FC6, FC7 = 31, 33  # places of the convolutions that they become


class _VGG(VGG, BaseModule):
    """mmcv's layers with MMEngine's initialisation."""

    def train(self, mode: bool = True) -> '_VGG':
        """As mmcv's, which returns nothing."""
        super().train(mode)
        return self

    def init_weights(self) -> None:
        """MMEngine's, not mmcv's of the same name."""
        BaseModule.init_weights(self)


@MODELS.register_module()
class VGG16C5(_VGG):
    """The last convolutional map of VGG-16, stride 16 (no pool5).

    Args:
        frozen_stages (int): Stages that do not learn: 2 are conv1_x and
            conv2_x, as in py-faster-rcnn.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self, frozen_stages: int = 2, init_cfg: dict | None = None
    ) -> None:
        super().__init__(
            16,
            out_indices=(4,),
            frozen_stages=frozen_stages,
            with_last_pool=False,
        )
        self.init_cfg = init_cfg or dict(type='Kaiming', layer='Conv2d')
        self.train()  # freezes, before an optimizer is built

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(n, 3, h, w) to ((n, 512, h / 16, w / 16), )."""
        return (super().forward(x),)


@MODELS.register_module()
class RFBVGG(_VGG):
    """RFBNet-300's backbone: VGG-16 with dilated fc6, fc7, and RFB blocks.

    Args:
        fc_checkpoint (str, optional): The convolutions in place of fc6 and
            fc7 start from this file, see
            :func:`mmssl.models.layers.vgg_fc.read_fc_layers`; from
            random weights without.
        init_cfg (dict, optional): MMEngine's initialisation of VGG.
    """

    def __init__(
        self,
        fc_checkpoint: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            16,
            out_indices=(4,),
            bn_eval=False,  # VGG has none; those of the blocks learn
            ceil_mode=True,
            with_last_pool=False,
        )
        for layer in (
            nn.MaxPool2d(3, 1, 1),
            nn.Conv2d(512, 1024, 3, padding=6, dilation=6),
            nn.ReLU(inplace=True),
            nn.Conv2d(1024, 1024, 1),
            nn.ReLU(inplace=True),
        ):
            self.features.append(layer)
        self.extras = RFBExtras()
        self.fc_checkpoint = fc_checkpoint
        self.init_cfg = init_cfg or dict(type='Kaiming', layer='Conv2d')

    def init_weights(self) -> None:
        """Those of ``init_cfg``, then fc6 and fc7."""
        super().init_weights()
        if self.fc_checkpoint is not None:
            layers = [self.features[FC6], self.features[FC7]]
            values = reduced_fc(*read_fc_layers(self.fc_checkpoint))
            copy_layers(layers, values)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Six maps.

        Args:
            x (Tensor): (n, 3, 300, 300).

        Returns:
            tuple[Tensor, ...]: Of 38, 19, 10, 5, 3 and 1 cells a side and
            512, 1024, 512, 256, 256 and 256 channels.
        """
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place == CONV4_3:
                conv4_3 = relu(x)  # a copy: the next layers work in place
        return self.extras(conv4_3, x)
