# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""AMDIM: a view's features pick out those of another view, at all scales.

two views -> encoder -> global r1 and local r5, r7 -> each source scored
against all locations of all pictures -> noise-contrastive estimation
"""

import torch
from mmengine.dist import get_rank
from torch import Tensor

from mmssl.models.layers import all_gather, global_pool
from mmssl.models.losses import full_precision, soft_clip
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@full_precision
def nce_scores(
    source: Tensor,
    targets: Tensor,
    tclip: float | None = 20.0,
    offset: int = 0,
) -> tuple[Tensor, Tensor]:
    r"""Log share of each location of the own picture among all others.

    .. math:: v = c \tanh\frac{\langle s, t \rangle}{c \sqrt{D}}, \quad
        \text{nce}_{bl} = p_{bl} - \log\big(e^{p_{bl}} +
        \sum_{n \ne b} \sum_{l'} e^{v_{bnl'}}\big)

    Eq. 3 and appendix of https://arxiv.org/abs/1906.00910 as its code
    computes them: other locations of the own picture are no negatives.

    Args:
        source (Tensor): (b, D), one vector a picture.
        targets (Tensor): (n, l, D), l locations of n >= b pictures.
        tclip (float, optional): c, limit of the scores.
        offset (int): Picture 0 of the sources is this one of the targets.

    Returns:
        tuple[Tensor, Tensor]: (b, l) scores <= 0, and the mean square of
        all scores before the clip.

    Raises:
        ValueError: There is a single picture, so no negative.
    """
    n = len(targets)
    if n < 2:
        raise ValueError(
            'AMDIM needs at least 2 pictures in the batch of all processes, '
            f'got {n}: the others are the negatives; raise batch_size'
        )
    raw = torch.einsum('bd,nld->bnl', source, targets)
    raw = raw / source.shape[1] ** 0.5
    scores = soft_clip(raw, tclip)
    rows = torch.arange(len(source), device=source.device)
    own = torch.zeros(scores.shape[:2], dtype=torch.bool, device=raw.device)
    own[rows, rows + offset] = True
    positive = scores[own]  # (b, l)
    negatives = scores.masked_fill(own[..., None], float('-inf'))
    negatives = negatives.flatten(1).logsumexp(1, keepdim=True)
    share = positive - torch.logaddexp(positive, negatives)
    return share, raw.square().mean()


@full_precision
def multi_scale_nce(
    first: tuple[Tensor, Tensor, Tensor],
    second: tuple[Tensor, Tensor, Tensor],
    tclip: float | None = 20.0,
    reg_weight: float = 0.05,
    locations: tuple[Tensor, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The three terms of AMDIM in both directions, and the penalty.

    Targets are gathered from all processes, with gradient; nothing is
    detached.

    Args:
        first (tuple[Tensor, Tensor, Tensor]): r7 (b, D, 7, 7), r5
            (b, D, 5, 5) and r1 (b, D, 1, 1) of view 1.
        second (tuple[Tensor, Tensor, Tensor]): Of view 2.
        tclip (float, optional): Limit of the scores.
        reg_weight (float): Weight of the scores' mean square.
        locations (tuple[Tensor, Tensor], optional): Of each view, (b,)
            places in 0..24, row by row, where r5 is a source; random if
            not given.

    Returns:
        dict[str, Tensor]: ``loss_1t5``, ``loss_1t7``, ``loss_5t5`` and
        ``loss_penalty``.

    Raises:
        ValueError: There is a single picture on all processes.
    """
    views = []
    for number, (r7, r5, r1) in enumerate((first, second)):
        local5, local7 = (r.flatten(2).mT for r in (r5, r7))  # (b, l, D)
        b, count = local5.shape[:2]
        place = (
            torch.randint(count, (b,), device=r5.device)
            if locations is None
            else locations[number]
        )
        rows = torch.arange(b, device=r5.device)
        views.append(
            dict(
                s1=r1.flatten(1),
                s5=local5[rows, place],
                t5=all_gather(local5),
                t7=all_gather(local7),
            )
        )
    offset = get_rank() * len(first[0])
    losses, penalty = {}, 0.0
    for pair in ('1t5', '1t7', '5t5'):
        term = 0.0
        for source, target in (views, views[::-1]):
            scores, square = nce_scores(
                source[f's{pair[0]}'], target[pair[1:]], tclip, offset
            )
            term = term - 0.5 * scores.mean()
            penalty = penalty + 0.5 * reg_weight * square
        losses[f'loss_{pair}'] = term
    return dict(losses, loss_penalty=penalty)


@MODELS.register_module()
class AMDIM(BaseSelfSupervisor):
    """Learning Representations by Maximizing Mutual Information Across Views.

    Paper https://arxiv.org/abs/1906.00910, code
    https://github.com/Philip-Bachman/amdim-public.

    ``inputs``: list of two views, each (n, 3, size, size) of the backbone's
    size; they share one flip (``FlipViews``).  Each view goes through the
    backbone by itself.

    Args:
        backbone (dict): ``AMDIMEncoder``, or another backbone that returns
            maps of 7 x 7, 5 x 5 and 1 x 1 of one width.
        head (dict, optional): ``AMDIMOnlineClassifier``; labels of the data
            samples, -1 or none where unknown, never reach the backbone.
        tclip (float, optional): Limit of the scores.
        reg_weight (float): Weight of the scores' mean square.
        classifiers_only (bool): Train the head alone, anew on a pre-trained
            backbone: no NCE, and no gradient in the backbone, whose batch
            norms follow the batches, as in the authors' evaluation.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: tclip is not above 0, or classifiers_only without head.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict | None = None,
        tclip: float | None = 20.0,
        reg_weight: float = 0.05,
        classifiers_only: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            head=head,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if tclip is not None and tclip <= 0:
            raise ValueError(f'tclip must be > 0 or None, got {tclip}')
        self.tclip = tclip
        if classifiers_only and head is None:
            raise ValueError(
                'classifiers_only trains the head alone, but there is none; '
                "set head=dict(type='AMDIMOnlineClassifier', ...)"
            )
        self.reg_weight = reg_weight
        self.classifiers_only = classifiers_only
        if classifiers_only:
            self.backbone.requires_grad_(False)

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """The NCE terms, the penalty, and those of the classifiers."""
        first, second = (self.backbone(view) for view in inputs[:2])
        losses = {}
        if not self.classifiers_only:
            losses = multi_scale_nce(
                first, second, self.tclip, self.reg_weight
            )
        if self.head is not None:
            features = torch.cat([global_pool(first), global_pool(second)])
            labels = [sample.get('label', -1) for sample in data_samples]
            labels = torch.tensor(2 * labels, device=features.device)
            losses.update(self.head.loss(features, labels))
        return losses

    def annotate(self, inputs: list[Tensor], data_samples: list) -> None:
        """Give every sample the classifiers' ``scores``, if there are any.

        ``ClassificationMetric`` reads them: two (classes,) probabilities by
        name, ``mlp`` and ``linear``.
        """
        if self.head is None:
            return
        logits = self.head(self.extract_feat(inputs, 'pool'))
        scores = {k: v.float().softmax(1).cpu() for k, v in logits.items()}
        for i, sample in enumerate(data_samples):
            sample.scores = {k: v[i] for k, v in scores.items()}
