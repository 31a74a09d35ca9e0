# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""SCRL: BYOL on boxes that two views share, instead of on whole views.

both views -> backbone -> map -.-> RoIAlign 1x1 -> projector -> predictor --.
   |                    boxes -'                                            |
   `-> momentum encoder, the same boxes (no gradient) -- normalised distance
"""

import math
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from mmcv.ops import roi_align
from torch import Tensor
from torch.nn.functional import cross_entropy

from mmssl.models.layers import MomentumEncoder, global_pool
from mmssl.models.losses import full_precision, normalized_mse
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor

TARGET_INITS = ('random', 'copy')


def boxes_of_batch(data_samples: Sequence | None) -> Tensor:
    """Regions of both views, as RoIAlign wants them.

    Args:
        data_samples (Sequence): n samples with ``boxes``, (2, r_i, 4) xyxy
            in pixels of each view, as ``MatchedBoxes`` writes them.

    Returns:
        Tensor: (2 r, 5) float32, r the sum of r_i: first all of view 1,
        then their partners of view 2, with the index of the view in the
        batch of 2 n views in front.

    Raises:
        ValueError: If samples have no boxes.
    """
    if not data_samples or any('boxes' not in s for s in data_samples):
        raise ValueError(
            'SCRL needs the boxes of every sample; put '
            "dict(type='MatchedBoxes') behind MultiView in the pipeline, and "
            "give PackViews keys=['boxes']"
        )
    boxes = [np.asarray(s.boxes, np.float32) for s in data_samples]
    n = len(boxes)
    index = np.repeat(np.arange(n), [pair.shape[1] for pair in boxes])
    index = np.concatenate([index, n + index]).astype(np.float32)
    rows = np.concatenate(boxes, axis=1).reshape(-1, 4)
    return torch.from_numpy(np.column_stack([index, rows]))


@full_precision
def pool_boxes(maps: Tensor, rois: Tensor, stride: int) -> Tensor:
    """One vector for each box: RoIAlign 1x1 without half-pixel shift.

    Args:
        maps (Tensor): (n, c, h, w).
        rois (Tensor): (r, 5), index of the map and xyxy in input pixels.
        stride (int): Input pixels a cell of the map.

    Returns:
        Tensor: (r, c).
    """
    rois = rois.to(maps)
    return roi_align(maps, rois, 1, 1 / stride, 0, 'avg', False).flatten(1)


def crosswise_distance(predictions: Tensor, targets: Tensor) -> Tensor:
    r"""Each view's predictions against the other view's targets.

    .. math:: \frac1r \sum_i (2 - 2\cos(p^1_i, q^2_i))
        + (2 - 2\cos(p^2_i, q^1_i))

    Args:
        predictions (Tensor): (2 r, d): view 1, then view 2.
        targets (Tensor): (2 r, d), rows as the predictions.

    Returns:
        Tensor: Scalar in [0, 8]; the directions are summed, not averaged.
    """
    return 2 * normalized_mse(predictions, targets.roll(len(targets) // 2, 0))


@MODELS.register_module()
class SCRL(BaseSelfSupervisor):
    r"""Spatially Consistent Representation Learning.

    Paper https://arxiv.org/abs/2103.06122, form of the code at
    https://github.com/kakaobrain/scrl.  Where detection is the aim, the
    features of a place should not hang on where the crop was cut.

    Pictures whose views share too little have no boxes and add nothing.  A
    batch without any box has a loss of 0 with a graph (the code fails).  On
    several processes each averages over its own boxes, as in the code.

    ``inputs``: two views of one size, each (n, 3, h, w); both pass a network
    as one batch.  ``data_samples``: with ``boxes``, see
    :func:`boxes_of_batch`, and with ``label`` for the probe.

    Args:
        backbone (dict): Config of the backbone; its last map is used.
        neck (dict): Config of the projector.
        head (dict): Config of the predictor.
        stride (int): Input pixels a cell of the backbone's last map.
        momentum (float): Share of the old target weights kept at the start.
        end_momentum (float, optional): The same at the end, reached along
            half a cosine; None keeps it constant.
        target_init (str): The target starts with random weights of its own
            ('random', as published) or as a 'copy' of the online network.
        image_weight (float): Weight of BYOL's loss between whole views,
            with a projector and a predictor of its own; 0 leaves it out, as
            published.
        probe (dict, optional): Config of a linear classifier that learns
            along on the pooled map, without gradient to the backbone.
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.

    Raises:
        ValueError: If a setting is out of range; on use, if there are not
            two views of one size with boxes, or the stride is not the
            backbone's.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        stride: int = 32,
        momentum: float = 0.996,
        end_momentum: float | None = 1.0,
        target_init: str = 'random',
        image_weight: float = 0.0,
        probe: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(backbone, neck, head, data_preprocessor, init_cfg)
        if target_init not in TARGET_INITS:
            raise ValueError(
                f'target_init must be one of {TARGET_INITS}, got '
                f'{target_init!r}'
            )
        if stride < 1 or image_weight < 0:
            raise ValueError(
                'SCRL needs stride >= 1 and image_weight >= 0, got '
                f'stride={stride}, image_weight={image_weight}'
            )
        self.stride = stride
        self.target_init = target_init
        self.image_weight = image_weight
        configs = dict(backbone=backbone, neck=neck)
        if image_weight:
            configs['image_neck'] = neck
            self.image_neck = MODELS.build(neck)
            self.image_head = MODELS.build(head)
        self.probe = None if probe is None else MODELS.build(probe)
        self.momentum_encoder = MomentumEncoder(
            self.online_modules()
            if target_init == 'copy'
            else {name: MODELS.build(cfg) for name, cfg in configs.items()},
            momentum,
            end_momentum,
        )

    def online_modules(self) -> dict:
        """As the base class, with the projector of whole views."""
        modules = super().online_modules()
        if self.image_weight:
            modules['image_neck'] = self.image_neck
        return modules

    def init_target(self) -> None:
        """A copy of the online modules, or weights of its own."""
        if self.target_init == 'copy':
            super().init_target()
            return
        for module in self.momentum_encoder.children():
            if hasattr(module, 'init_weights'):
                module.init_weights()

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Losses of boxes, of whole views and of the probe, where asked for.

        Returns:
            dict[str, Tensor]: ``loss_boxes`` in [0, 8]; ``loss_image`` in
            [0, 8] times its weight; ``loss_probe`` and ``probe_top1`` (%).
        """
        if len(inputs) != 2 or inputs[0].shape != inputs[1].shape:
            raise ValueError(
                'SCRL needs exactly 2 views of one size, got '
                f'{[tuple(view.shape) for view in inputs]}'
            )
        rois = boxes_of_batch(data_samples)
        views = torch.cat(inputs)
        maps = self.last_map(self.backbone, views)
        with torch.no_grad():
            target_maps = self.last_map(self.momentum_encoder.backbone, views)
        losses = dict(loss_boxes=self.box_loss(maps, target_maps, rois))
        if self.image_weight:
            prediction = self.image_head(self.image_neck(maps))
            with torch.no_grad():
                target = self.momentum_encoder.image_neck(target_maps)
            distance = crosswise_distance(prediction, target)
            losses['loss_image'] = self.image_weight * distance
        if self.probe is not None:
            losses.update(self.probe_loss(maps, data_samples))
        return losses

    def last_map(self, backbone, views: Tensor) -> Tensor:
        """The backbone's last map, (2 n, c, h, w), of the stride expected."""
        maps = backbone(views)
        maps = maps if isinstance(maps, Tensor) else maps[-1]
        found = tuple(maps.shape[2:])
        sides = tuple(views.shape[2:])
        if found != tuple(math.ceil(side / self.stride) for side in sides):
            raise ValueError(
                f'stride={self.stride} of SCRL does not fit its backbone, '
                f'which makes {found} cells of {sides} pixels; set stride to '
                "that of the backbone's last map"
            )
        return maps

    def box_loss(
        self, maps: Tensor, target_maps: Tensor, rois: Tensor
    ) -> Tensor:
        """Distance of matched boxes; 0 with a graph where there are none."""
        empty = len(rois) == 0
        if empty:
            warnings.warn(
                'no pair of views in this batch shares enough for a box; '
                'raise the lower end of area of the views, or lower min_size '
                'of MatchedBoxes'
            )
            # A stand-in, so that all processes run the same layers.
            rois = torch.zeros(2, 5)
            rois[:, 3:] = self.stride
        rois = rois.to(maps.device)
        prediction = self.head(self.neck(pool_boxes(maps, rois, self.stride)))
        with torch.no_grad():
            target = self.momentum_encoder.neck(
                pool_boxes(target_maps, rois, self.stride)
            )
        distance = crosswise_distance(prediction, target)
        return 0 * distance if empty else distance

    def probe_loss(
        self, maps: Tensor, data_samples: Sequence
    ) -> dict[str, Tensor]:
        """Cross-entropy of the classifier, both views of each picture."""
        if any('label' not in sample for sample in data_samples):
            raise ValueError(
                'the probe of SCRL needs the labels of all pictures; use a '
                'dataset with labels, or set probe=None'
            )
        labels = torch.tensor(
            [sample.label for sample in data_samples] * 2, device=maps.device
        )
        logits = self.probe(global_pool(maps).detach())['cls']
        hits = (logits.argmax(1) == labels).float()
        return dict(
            loss_probe=cross_entropy(logits, labels),
            probe_top1=100 * hits.mean(),
        )
