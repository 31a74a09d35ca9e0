# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""mmaction2's head of 3D recognisers, with the published way of testing.

Not imported by ``mmssl.models``, because it needs mmaction2; a config names
it in ``custom_imports``.
"""

import torch
from mmaction.models.heads import I3DHead
from torch import Tensor
from torch.nn.functional import avg_pool3d

from mmssl.registry import MODELS


@MODELS.register_module()
class ViewsI3DHead(I3DHead):
    """``I3DHead`` that classifies at every place, and several labels.

    With a window the head is fully convolutional in testing: the map is
    pooled by the window of training at stride 1, classified at each place,
    and the mean probability is taken: ``slowfast/models/head_helper.py`` of
    https://github.com/facebookresearch/SlowFast.  With ``multi_class`` the
    probabilities are sigmoids, and of several test views each class takes
    its greatest.

    Args:
        *args: See ``mmaction.I3DHead``.
        window (tuple[int, int, int], optional): (t, h, w) of the maps in
            training; None pools whole maps in testing, too.
        **kwargs: See ``mmaction.I3DHead``.
    """

    def __init__(
        self, *args, window: tuple[int, int, int] | None = None, **kwargs
    ) -> None:
        super().__init__(*args, **kwargs)
        self.window = window

    def forward(self, x: Tensor, **kwargs) -> Tensor:
        """(n, c, t, h, w) to logits (n, num_classes).

        With a window, in testing, they are the logits of the mean
        probability.
        """
        if self.training or self.window is None:
            return super().forward(x, **kwargs)
        places = avg_pool3d(x, self.window, stride=1)
        logits = self.fc_cls(places.flatten(2).transpose(1, 2)).double()
        if self.multi_class:
            mean = logits.sigmoid().mean(1)
            return torch.logit(mean).to(x.dtype)
        return logits.softmax(2).mean(1).log().to(x.dtype)

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """(videos * views, num_classes) logits to scores of each video."""
        if not self.multi_class:
            return super().average_clip(cls_scores, num_segs)
        views = cls_scores.unflatten(0, (-1, num_segs))
        return views.sigmoid().amax(1)
