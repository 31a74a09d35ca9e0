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
from mmssl.registry import MODELS
from mmssl.utils.checkpoint import read_checkpoint, state_dict_of
from mmssl.utils.errors import UsageError

CONV4_3 = 22  # place of its ReLU among the layers
FC6, FC7 = 31, 33  # places of the convolutions that they become
CLASSIFIER = {
    'classifier.0': (4096, 512 * 7 * 7),
    'classifier.3': (4096, 4096),
}
"""fc6 and fc7 in torchvision's names, and their sizes."""


def read_fc_layers(checkpoint: str) -> list[tuple[Tensor, Tensor]]:
    """fc6 and fc7 of a VGG-16 that was trained to classify.

    Args:
        checkpoint (str): A whole network in torchvision's names, and the
            one whose convolutions the detector starts from: the layers fit
            no other network's features.

    Returns:
        list[tuple[Tensor, Tensor]]: Weights and bias, ((4096, 25088),
        (4096,)) and ((4096, 4096), (4096,)).

    Raises:
        UsageError: The file has no such layers.
    """
    weights = state_dict_of(read_checkpoint(checkpoint))
    layers = []
    for name, size in CLASSIFIER.items():
        weight = weights.get(f'{name}.weight')
        bias = weights.get(f'{name}.bias')
        if weight is None or bias is None or tuple(weight.shape) != size:
            raise UsageError(
                f'{checkpoint} has no {name} of {size[0]} x {size[1]}: '
                'fc_checkpoint wants a whole VGG-16 in the names of '
                'torchvision, classifier included'
            )
        layers.append((weight, bias))
    return layers


def reduced_fc(
    fc6: tuple[Tensor, Tensor], fc7: tuple[Tensor, Tensor]
) -> list[tuple[Tensor, Tensor]]:
    """SSD's convolutions in place of fc6 and fc7: some of their numbers.

    SSD's (https://arxiv.org/abs/1512.02325) take a subset, without saying
    which; here every fourth unit of both layers is kept, and rows and
    columns 0, 3, 6 of the 7 x 7 of fc6, spread as the dilated 3 x 3 looks.

    Args:
        fc6 (tuple[Tensor, Tensor]): See :func:`read_fc_layers`.
        fc7 (tuple[Tensor, Tensor]): Likewise.

    Returns:
        list[tuple[Tensor, Tensor]]: ((1024, 512, 3, 3), (1024,)) and
        ((1024, 1024, 1, 1), (1024,)).
    """
    window = fc6[0].reshape(4096, 512, 7, 7)[::4, :, ::3, ::3]
    square = fc7[0][::4, ::4, None, None]
    return [(window, fc6[1][::4]), (square, fc7[1][::4])]


def copy_layers(
    layers: list[nn.Module], values: list[tuple[Tensor, Tensor]]
) -> None:
    """Put weights and biases into layers of the same sizes."""
    for layer, (weight, bias) in zip(layers, values, strict=True):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)


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
            fc7 start from this file, see :func:`read_fc_layers`; from
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
