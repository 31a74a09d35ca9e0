# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The box head of SSD with a limit of boxes for each class.

Not imported by ``mmssl.models``, because it needs mmdet; a config names it
in ``custom_imports``.
"""

import torch
from mmdet.models.dense_heads import SSDHead
from mmengine.structures import InstanceData
from torch import Tensor

from mmssl.registry import MODELS


def first_of_each_class(labels: Tensor, limit: int) -> Tensor:
    """Which entries are among the first ones of their class.

    Args:
        labels (Tensor): (n,) int64, best detection first.
        limit (int): How many of a class stay.

    Returns:
        Tensor: (n,) bool.
    """
    same = labels[:, None] == labels
    earlier = same.tril(-1).sum(1)
    return earlier < limit


@MODELS.register_module()
class ClassLimitSSDHead(SSDHead):
    """mmdet's head; ``test_cfg.max_per_class`` boxes of a class are kept.

    As the test script of RFBNet: at most 50 of a class after non-maximum
    suppression, then ``max_per_img`` of a picture.
    """

    def _bbox_post_process(
        self, results: InstanceData, cfg: dict, *args, **kwargs
    ) -> InstanceData:
        """See mmdet; sorted by falling score."""
        # A limit of the picture must not come before that of the classes.
        all_boxes = {**cfg, 'max_per_img': torch.iinfo(torch.int64).max}
        results = super()._bbox_post_process(
            results, type(cfg)(all_boxes), *args, **kwargs
        )
        kept = first_of_each_class(results.labels, cfg['max_per_class'])
        return results[kept][: cfg['max_per_img']]
