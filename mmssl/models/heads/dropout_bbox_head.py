# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The box head of Faster R-CNN on VGG-16: fc6 and fc7 with dropout.

Not imported by ``mmssl.models``, because it needs mmdet; a config names it
in ``custom_imports``.
"""

from mmdet.models.roi_heads.bbox_heads import Shared2FCBBoxHead
from torch import nn

from mmssl.models.layers.vgg_fc import copy_layers, read_fc_layers
from mmssl.registry import MODELS


@MODELS.register_module()
class DropoutBBoxHead(Shared2FCBBoxHead):
    """mmdet's two shared layers, dropout after the ReLU of each.

    Args:
        dropout (float): Share of the units dropped.
        fc_checkpoint (str, optional): fc6 and fc7 start from this file, see
            :func:`mmssl.models.layers.vgg_fc.read_fc_layers`; from random
            weights without.
        **kwargs: See mmdet's ``Shared2FCBBoxHead``.
    """

    def __init__(
        self,
        *args,
        dropout: float = 0.5,
        fc_checkpoint: str | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fc_checkpoint = fc_checkpoint
        # The parent applies it after each of the shared layers, and, where
        # there are no others, nowhere else.
        self.relu = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(dropout))

    def init_weights(self) -> None:
        """mmdet's, then fc6 and fc7."""
        super().init_weights()
        if self.fc_checkpoint is not None:
            copy_layers(
                list(self.shared_fcs), read_fc_layers(self.fc_checkpoint)
            )
