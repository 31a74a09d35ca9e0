# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""ORL: BYOL on whole views, on a region and its copy, on matched regions.

two views of the picture ----------------------- predictor --------.
a region and the same moved a little ----------- intra_head -------+-> BYOL
a region and its like in another picture ------- inter_head -------'
"""

import torch
from torch import Tensor

from mmssl.registry import MODELS

from .byol import BYOL

BRANCHES = ('global', 'intra', 'inter')


@MODELS.register_module()
class ORL(BYOL):
    r"""Object-level Representation Learning, its third stage.

    .. math:: L = w_g L_{BYOL}(v_1, v_2) + w_a L_{BYOL}(i_1, i_2)
        + w_r L_{BYOL}(k_1, k_2)

    Paper https://arxiv.org/abs/2106.11952, form of the code at
    https://github.com/Jiahao000/ORL.  Backbone and projector, and their
    slow copy, are shared; each branch has a predictor of its own.  Every
    one of the six batches passes a network alone, because of batch norms.
    The network starts anew; stages 1 and 2 (``tools/orl``) only say which
    regions belong together.

    ``inputs``: six views, as ``ORLPairDataset`` gives them: two of the
    picture (n, 3, h, w), then four regions (n, 3, s, s): one and its moved
    copy, one and its like in another picture.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        head (dict): Config of each of the three predictors.
        momentum (float): Share of the old target weights kept at the start.
        end_momentum (float, optional): The same at the end, reached along
            half a cosine; None keeps it constant.
        loss_weights (dict): Weights of ``global``, ``intra`` and ``inter``,
            >= 0.  A branch of weight 0 is computed all the same, so that
            batch norms and processes see what they see otherwise.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: The weights are not three numbers >= 0 of these names;
            on use, there are not six views.
    """

    min_views = 6

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        momentum: float = 0.99,
        end_momentum: float | None = 1.0,
        loss_weights: dict[str, float] | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            head,
            momentum,
            end_momentum,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        weights = dict.fromkeys(BRANCHES, 1.0) | dict(loss_weights or {})
        if set(weights) != set(BRANCHES) or min(weights.values()) < 0:
            raise ValueError(
                f'loss_weights of ORL are those of {BRANCHES}, each >= 0, '
                f'got {loss_weights}'
            )
        self.loss_weights = weights
        self.intra_head = MODELS.build(head)
        self.inter_head = MODELS.build(head)

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """``loss_global``, ``loss_intra``, ``loss_inter``, each weighted.

        Returns:
            dict[str, Tensor]: Each in [0, 8] times its weight.
        """
        if len(inputs) != self.min_views:
            raise ValueError(
                'ORL needs 6 views: two of the picture, a region and its '
                'moved copy, a region and its like in another picture; got '
                f'{len(inputs)}; use ORLPairDataset with 2 views'
            )
        heads = (self.head, self.intra_head, self.inter_head)
        losses = {}
        for number, (branch, head) in enumerate(
            zip(BRANCHES, heads, strict=True)
        ):
            pair = inputs[2 * number : 2 * number + 2]
            agreement = torch.stack(list(self.terms_of(pair, head))).mean()
            losses[f'loss_{branch}'] = self.loss_weights[branch] * agreement
        return losses
