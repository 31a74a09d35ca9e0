# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SimCLR: views of one picture agree, views of different ones do not.

views -> backbone -> projector -> gather over processes -> NT-Xent
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from torch import Tensor

from mmssl.models.layers import all_gather
from mmssl.models.losses import check_temperature, nt_xent
from mmssl.registry import MODELS

from .summed_terms import SummedTerms

PAIRS = dict(
    all=lambda items: list(combinations(items, 2)),
    consecutive=lambda items: list(pairwise(items)),
)


@MODELS.register_module()
class SimCLR(SummedTerms):
    r"""A Simple Framework for Contrastive Learning of Visual Representations.

    Paper https://arxiv.org/abs/2002.05709; form of the code at
    https://github.com/open-mmlab/mmselfsup.  rho-SimCLR for video clips,
    https://arxiv.org/abs/2104.14558, is ``reduction='sum',
    pairs='consecutive', joint_views=False, joint_projector=False``; its
    paper has all pairs.

    Departures: the gather over processes keeps the whole gradient (switch
    ``own_slice_gradient``); more than two views are compared pair by pair,
    averaged over pairs, as the contrastive baseline of
    https://github.com/htdt/self-supervised does.

    ``inputs``: list of v >= 2 views, each (n, 3, h, w) or (n, 3, t, h, w).

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector.
        temperature (float): :math:`\tau`, divisor of similarities, > 0.
        normalize (bool): Compare by cosine (True) or by dot product.
        joint_views (bool): Batch norms of the backbone see all views of one
            size together (True, as published) or each view alone (as in the
            baseline of W-MSE, and for clips).
        joint_projector (bool): The same for the projector.
        pairs (str): Views that are compared: 'all' pairs, or 'consecutive'
            ones.
        own_slice_gradient (bool): See :func:`all_gather`; the published
            settings were tuned with True.
        **kwargs: ``reduction`` and ``sequential``, see
            :class:`SummedTerms`; ``data_preprocessor`` and ``init_cfg``, see
            the base class.

    Raises:
        ValueError: The temperature is out of range, pairs is unknown, or
            sequential terms are asked for where views pass together.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        temperature: float = 0.1,
        normalize: bool = True,
        joint_views: bool = True,
        joint_projector: bool = True,
        pairs: str = 'all',
        own_slice_gradient: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(backbone=backbone, neck=neck, **kwargs)
        if pairs not in PAIRS:
            raise ValueError(
                f'pairs must be in {sorted(PAIRS)}, got {pairs!r}'
            )
        if self.sequential and (joint_views or joint_projector):
            raise ValueError(
                'sequential=True computes pair after pair, so it needs '
                'joint_views=False and joint_projector=False'
            )
        self.temperature = check_temperature(temperature)
        self.normalize = normalize
        self.joint_views = joint_views
        self.joint_projector = joint_projector
        self.pairs = PAIRS[pairs]
        self.own_slice_gradient = own_slice_gradient

    def num_terms(self, num_views: int) -> int:
        """A term for each pair."""
        return len(self.pairs(range(num_views)))

    def terms(self, views: Sequence[Tensor]) -> Iterator[Tensor]:
        """NT-Xent of the pairs of views.

        Sequential terms embed the two views of a pair anew: a view that
        stands in two pairs passes twice, as in rho's code.
        """
        if self.sequential:
            pairs = (self.embed(pair) for pair in self.pairs(views))
        else:
            pairs = self.pairs(self.embed(views))
        for first, second in pairs:
            yield nt_xent(first, second, self.temperature, self.normalize)

    def embed(self, views: Sequence[Tensor]) -> list[Tensor]:
        """Embeddings of each view, of all processes."""
        embeddings = self.embeddings(
            views, self.joint_views, self.joint_projector
        )
        return [all_gather(z, self.own_slice_gradient) for z in embeddings]
