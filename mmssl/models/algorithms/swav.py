# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SwAV: each view predicts the cluster assignment of another.

crops -> backbone -> projector -> unit rows -> scores of prototypes --.
             scores of a large crop -> Sinkhorn -> codes (no gradient) +--> CE
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_rank, get_world_size
from torch import Tensor, nn

from mmssl.models.layers import FeatureQueue
from mmssl.models.losses import check_temperature, full_precision, unit_rows
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor

CODED_CROPS = 2  # the first two crops give codes


@torch.no_grad()
@full_precision
def sinkhorn(
    scores: Tensor,
    epsilon: float = 0.05,
    num_iters: int = 3,
    synchronized: bool = True,
) -> Tensor:
    r"""Balanced soft assignment of samples to prototypes.

    .. math:: Q = diag(u) \exp(S / \epsilon) diag(v)

    such that, in turns, every prototype gets the same mass and every sample
    gives the same; listing 1 of https://arxiv.org/abs/2006.09882.  Over
    several processes the prototypes' masses are those of the joint batch,
    in every round.

    Args:
        scores (Tensor): (n, P) of this process, cosines.
        epsilon (float): Softness of the assignment.
        num_iters (int): Rounds, at least 1.
        synchronized (bool): Balance over the joint batch of all processes;
            False balances each process's rows alone, as the code of
            rho-SwAV does on a single machine.

    Returns:
        Tensor: (n, P), rows sum to 1; columns of the joint batch of b rows
        sum to about b / P, the closer the more rounds.
    """
    codes = torch.exp(scores / epsilon)
    for _ in range(num_iters):
        # the listing's constant factors (total, 1 / P, 1 / b) cancel here
        masses = codes.sum(0, keepdim=True)  # (1, P)
        if synchronized:
            all_reduce(masses)
        codes = codes / masses
        codes = codes / codes.sum(1, keepdim=True)
    return codes


@MODELS.register_module()
class SwAV(BaseSelfSupervisor):
    r"""Unsupervised Learning of Visual Features by Contrasting Assignments.

    Paper https://arxiv.org/abs/2006.09882; form of the code at
    https://github.com/open-mmlab/mmselfsup.

    Departures: Sinkhorn sums over processes in every round (mmselfsup only
    where a prototype got nothing); prototypes are normalised after each
    optimizer step, which is before the next forward; each process holds the
    queue of all processes and brings its share of it to the assignment, so
    that a checkpoint of one process is complete.

    ``inputs``: list of views, each (n, 3, h, w) or (n, 3, t, h, w), large
    crops first.  rho-SwAV for v video clips, https://arxiv.org/abs/2104.14558,
    is ``num_crops=(v,), joint_views=False``.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict): Config of the projector, with ``sizes``.
        head (dict): Config of ``PrototypeHead``.
        num_crops (Sequence[int]): Views of each size in their order,
            published (2, 6); the first two give codes.
        temperature (float): T, > 0.
        epsilon (float): Softness of the codes, at least 0.0125, so that
            exp(1 / epsilon) fits single precision.
        num_iters (int): Sinkhorn's rounds.
        synchronized_codes (bool): See :func:`sinkhorn`.
        queue_length (int): Earlier embeddings per coded crop that join the
            assignment once the queue is full; 0 for none; a multiple of the
            batch of all processes.
        queue_start (float): Share of the training after which the queue
            fills, published 15 / 200.
        joint_views (bool): Views of one size pass the backbone together,
            and all of them the projector; False sends each view alone
            through both, as rho-SwAV does with clips.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: If temperature, epsilon or num_crops is out of range, or
            if views do not fit num_crops.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        num_crops: Sequence[int] = (2,),
        temperature: float = 0.1,
        epsilon: float = 0.05,
        num_iters: int = 3,
        synchronized_codes: bool = True,
        queue_length: int = 0,
        queue_start: float = 0.0,
        joint_views: bool = True,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, data_preprocessor, init_cfg)
        if num_crops[0] < CODED_CROPS or min(num_crops) < 1:
            raise ValueError(
                f'num_crops must begin with at least {CODED_CROPS}, the '
                'crops that give codes, and have no entry below 1, got '
                f'{tuple(num_crops)}'
            )
        if epsilon < 0.0125:
            raise ValueError(f'epsilon must be >= 0.0125, got {epsilon}')
        self.num_crops = tuple(num_crops)
        self.temperature = check_temperature(temperature)
        self.epsilon = epsilon
        self.num_iters = num_iters
        self.synchronized_codes = synchronized_codes
        self.joint_views = joint_views
        self.queue_start = queue_start
        self.queue_is_open = False
        self.queues = nn.ModuleList(
            FeatureQueue(neck['sizes'][-1], queue_length)
            for _ in range(CODED_CROPS if queue_length else 0)
        )

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Swapped prediction of all pairs of a coded crop and another."""
        self.check_crops(inputs)
        jointly = self.joint_views
        embeddings = self.embeddings(inputs, jointly, jointly)
        embeddings = [unit_rows(z) for z in embeddings]
        return dict(loss=self.swapped_prediction(embeddings))

    def check_crops(self, inputs: Sequence[Tensor]) -> None:
        """Refuse views that do not fit num_crops.

        Raises:
            ValueError: If their number or their sizes differ.
        """
        if len(inputs) != sum(self.num_crops):
            raise ValueError(
                f'SwAV with num_crops={self.num_crops} needs '
                f'{sum(self.num_crops)} views, got {len(inputs)}; change '
                'num_crops or the views of MultiView in the data pipeline'
            )
        views = iter(inputs)
        for count in self.num_crops:
            sizes = [tuple(next(views).shape[2:]) for _ in range(count)]
            if len(set(sizes)) > 1:
                raise ValueError(
                    f'SwAV with num_crops={self.num_crops} needs views of '
                    f'one size where it counts {count} together, got {sizes}'
                )

    @full_precision
    def swapped_prediction(self, embeddings: Sequence[Tensor]) -> Tensor:
        """Cross-entropy of the scores of a crop and the codes of another.

        Args:
            embeddings (Sequence[Tensor]): v crops, each (n, d), unit rows.

        Returns:
            Tensor: Scalar >= 0, mean over the coded crops and, for each,
            over the other crops.
        """
        scores = [self.head(z) for z in embeddings]
        losses = []
        for coded in range(CODED_CROPS):
            codes = self.codes(scores[coded], coded)
            losses += [
                F.cross_entropy(other / self.temperature, codes)
                for v, other in enumerate(scores)
                if v != coded
            ]
        if self.training:
            for queue, z in zip(self.queues, embeddings, strict=False):
                queue.push(z)
        return torch.stack(losses).mean()

    @torch.no_grad()
    def codes(self, scores: Tensor, coded: int) -> Tensor:
        """Assignment (n, P) of one crop, in company of its queue if full."""
        n = len(scores)
        if self.queues and self.queues[coded].full:
            earlier = self.queues[coded].rows.chunk(get_world_size())
            earlier = self.head(earlier[get_rank()])
            scores = torch.cat([earlier, scores])
        codes = sinkhorn(
            scores, self.epsilon, self.num_iters, self.synchronized_codes
        )
        return codes[-n:]

    def update_target(self, progress: float) -> float | None:
        """Put the prototypes back on the unit sphere."""
        self.head.normalize()
        self.queue_is_open = progress >= self.queue_start
        return super().update_target(progress)

    def update_queue(self) -> None:
        """Write the embeddings of the last step, once the queue is open."""
        for queue in self.queues:
            if self.queue_is_open:
                queue.write()
            else:
                queue.pending.clear()
