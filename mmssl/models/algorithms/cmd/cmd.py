# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""CMD: what is seen, and how it will move, from compressed video.

clip ---> backbone -> fusion -+-> transformer -> cells --> head --.
 future motion, other moments +--> motion network -> cells -> head -+-> NCE
          (mean over cells)   '-> head --.
I-frame -> I-frame network -> mean -> head -+-> NCE
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmssl.models.data_preprocessor import ViewsDataPreprocessor
from mmssl.models.layers import global_pool
from mmssl.models.losses import check_temperature, unit_rows
from mmssl.registry import MODELS

from ..base import BaseSelfSupervisor
from .objective import fuse_stages, in_batch_nce


@MODELS.register_module()
class CMDPreprocessor(ViewsDataPreprocessor):
    """Normalises pictures; maps of motion (2 channels) are already."""

    def forward(self, data: dict, training: bool = False) -> dict:
        """See the parent; of ``inputs`` those with 3 channels count."""
        data = self.cast_data(data)
        pictures = [v for v in data['inputs'] if v.shape[1] == 3]
        done = iter(super().forward(dict(inputs=pictures), training)['inputs'])
        inputs = [
            next(done) if view.shape[1] == 3 else view
            for view in data['inputs']
        ]
        return dict(inputs=inputs, data_samples=data.get('data_samples'))


@MODELS.register_module()
class CMD(BaseSelfSupervisor):
    r"""Context and Motion Decoupling.

    Paper https://arxiv.org/abs/2104.00862; form of the code in the first
    commit of https://github.com/foolwood/DRL.  Two tasks with equal weight:
    the clip's mean feature finds the I-frame of its own video in the batch,
    and what a transformer expects in each cell of the near future finds the
    motion that came there, among other cells, other moments of the video and
    other videos.

    Departures: pictures are RGB in all networks (the code feeds the I-frame
    in the order of its loader, BGR); samples that cannot be read are
    replaced, not trained on as zeros.

    ``inputs``: clip (n, 3, t, h, w), I-frame (n, 3, 1, h, w), future motion
    (n, 2, l, h, w), and any number of windows of other moments likewise, as
    ``CompressedViews`` packs them.  Of the features, ``backbone`` alone is
    kept, without the fusion.

    Args:
        backbone (dict): Clip network; with ``fuse`` it returns its last two
            stages.
        motion_backbone (dict): Network of motion maps, 2 channels.
        iframe_backbone (dict): Network of I-frames.
        predictor (dict): :class:`MotionPredictor`.
        motion_query_head (dict): After the predictor; a row is a cell.
        motion_key_head (dict): After the motion network.
        context_query_head (dict): After the mean of the fused map.
        context_key_head (dict): After the I-frame network.
        temperature (float): :math:`\tau`, > 0.
        motion_weight (float): Of the motion loss.
        context_weight (float): Of the context loss.
        fuse (bool): Fuse the last two stages, see :func:`fuse_stages`; not
            for C3D.
        key_grad_div_world (bool): See :func:`in_batch_nce`.
        foreign_future (bool): The control: each clip gets the windows of the
            next sample, so that nothing of the future can be learned.
        **kwargs: ``data_preprocessor`` and ``init_cfg``, see the base class.
    """

    min_views = 3

    def __init__(
        self,
        backbone: dict,
        motion_backbone: dict,
        iframe_backbone: dict,
        predictor: dict,
        motion_query_head: dict,
        motion_key_head: dict,
        context_query_head: dict,
        context_key_head: dict,
        temperature: float = 0.1,
        motion_weight: float = 1.0,
        context_weight: float = 1.0,
        fuse: bool = True,
        key_grad_div_world: bool = True,
        foreign_future: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            data_preprocessor=data_preprocessor
            or dict(type='CMDPreprocessor'),
            init_cfg=init_cfg,
        )
        self.motion_backbone = MODELS.build(motion_backbone)
        self.iframe_backbone = MODELS.build(iframe_backbone)
        self.predictor = MODELS.build(predictor)
        self.motion_query_head = MODELS.build(motion_query_head)
        self.motion_key_head = MODELS.build(motion_key_head)
        self.context_query_head = MODELS.build(context_query_head)
        self.context_key_head = MODELS.build(context_key_head)
        self.temperature = check_temperature(temperature)
        self.motion_weight = motion_weight
        self.context_weight = context_weight
        self.fuse = fuse
        self.key_grad_div_world = key_grad_div_world
        self.foreign_future = foreign_future

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Both losses, and the share of queries that find their key."""
        motion, context = self.pairs(inputs)
        losses = {}
        for name, (query, key), weight in (
            ('motion', motion, self.motion_weight),
            ('context', context, self.context_weight),
        ):
            loss, missed = in_batch_nce(
                query, key, self.temperature, self.key_grad_div_world
            )
            losses[f'loss_{name}'] = weight * loss
            losses[f'top1_{name}'] = (missed == 0).float().mean()
        return losses

    def pairs(
        self, inputs: list[Tensor]
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Unit queries and keys of both tasks.

        Returns:
            tuple: Of motion (n s, d) and (w n s, d): a row for each of the s
            cells of each of the w windows of n samples, the true future
            first; of context (n, d) and (n, d).
        """
        clip, still, *windows = inputs
        if self.foreign_future:
            windows = [window.roll(1, dims=0) for window in windows]
        maps = self.fused(self.backbone(clip))
        expected = self.predictor(maps)  # (n, s, d)
        seen = self.motion_backbone(torch.cat(windows))  # (w n, c, t, h, w)
        seen = seen.flatten(2).transpose(1, 2)  # (w n, s, c)
        if seen.shape[1] != expected.shape[1]:
            raise ValueError(
                f'the motion network gives {seen.shape[1]} cells, but '
                f'MotionPredictor has target_cells={expected.shape[1]}'
            )
        motion = (
            unit_rows(self.motion_query_head(expected.flatten(0, 1))),
            unit_rows(self.motion_key_head(seen.flatten(0, 1))),
        )
        still = global_pool(self.iframe_backbone(still))
        context = (
            unit_rows(self.context_query_head(global_pool(maps))),
            unit_rows(self.context_key_head(still)),
        )
        return motion, context

    def fused(self, maps: Tensor | Sequence[Tensor]) -> Tensor:
        """The map that both tasks start from, (n, c, t, h, w)."""
        if isinstance(maps, Tensor):
            if self.fuse:
                raise ValueError(
                    'CMD with fuse=True needs the last two stages of its '
                    'backbone; set its out_indices, or fuse=False (C3D)'
                )
            return maps
        return fuse_stages(*maps[-2:]) if self.fuse else maps[-1]
