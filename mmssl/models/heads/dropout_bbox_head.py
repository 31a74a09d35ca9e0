# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The box head of Faster R-CNN on VGG-16: fc6 and fc7 with dropout.

Not imported by ``mmssl.models``, because it needs mmdet; a config names it
in ``custom_imports``.
"""

from mmdet.models.roi_heads.bbox_heads import Shared2FCBBoxHead
from torch import nn

from mmssl.registry import MODELS


@MODELS.register_module()
class DropoutBBoxHead(Shared2FCBBoxHead):
    """mmdet's two shared layers, dropout after the ReLU of each.

    Args:
        dropout (float): Share of the units dropped.
        **kwargs: See mmdet's ``Shared2FCBBoxHead``.
    """

    def __init__(self, *args, dropout: float = 0.5, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # The parent applies it after each of the shared layers, and, where
        # there are no others, nowhere else.
        self.relu = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout(dropout))
