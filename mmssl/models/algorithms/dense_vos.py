# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Dense-VOS: features of cells that can be told apart all through a video.

Cells of a grid in the first frame of each clip, the anchors, are the classes
of a softmax; each cell of the other frames learns to be the anchor that it is
in a flipped and zoomed view of its frame.

anchors . plain view, warped -> logits over the anchors of all clips --.
anchors . guided view -> labels among the anchors of the own clip ------+- loss
first frame: the same cells in both views ------- contrast, weight 0.1 -'
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from mmssl.models.losses import check_temperature, full_precision
from mmssl.registry import MODELS

from .base import BaseSelfSupervisor


@MODELS.register_module()
class DenseVOS(BaseSelfSupervisor):
    r"""Dense Unsupervised Learning for Video Segmentation.

    Paper https://arxiv.org/abs/2111.06265, form of the code at
    https://github.com/visinf/dense-ulearn-vos, whose losses and gradients
    these equal.  Labels come from a flipped and zoomed copy of the frame and
    are carried back by its map, so a network that tells cells apart by where
    they are in the picture, which padding lets it, cannot predict them.

    ``inputs``: plain and guided view, (n, 3, t, h, w) each, frame 0 being
    the reference; ``data_samples``: with ``affine``, (2, 3), as
    ``GuidedView`` writes it.

    All plain frames and the first guided one pass the network as one batch,
    with gradient; the other guided frames as a second one, without.  On
    several processes each compares with its own anchors.

    Args:
        backbone (dict): Config of a fully convolutional backbone; the neck
            takes its last map.
        neck (dict): Config of the embedding of each cell.
        grid (int): Anchors a side, which must divide the map.
        ref_grid (int): Likewise, cells of the contrast of the first frame.
        temperature (float): Divisor of all products, > 0.
        cross_view_weight (float): Of the contrast.
        freeze_guided_norms (bool): The second batch takes the running
            statistics of the batch norms instead of its own (the authors'
            ``block_bn``).
        data_preprocessor (dict, optional): See the base class.
        init_cfg (dict, optional): See the base class.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        grid: int = 8,
        ref_grid: int = 4,
        temperature: float = 0.05,
        cross_view_weight: float = 0.1,
        freeze_guided_norms: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        self.grid = grid
        self.ref_grid = ref_grid
        self.temperature = temperature
        self.cross_view_weight = cross_view_weight
        self.freeze_guided_norms = freeze_guided_norms

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Space-time self-training and, weighted, the cross-view contrast.

        Raises:
            ValueError: Views that are no clips of one size, without maps,
                or with fewer than two frames.
        """
        main, guided = _clips(inputs)
        affine = _affines(data_samples).to(main)
        n, t = main.shape[:2]
        # The first guided frame needs a gradient, the others none.
        joint = torch.cat([main.flatten(0, 1), guided[:, 0]])
        plain, first = self.embed(joint).split([n * t, n])
        with torch.no_grad(), self._guided_norms():
            rest = self.embed(guided[:, 1:].flatten(0, 1))
        size = tuple(plain.shape[-2:])
        return dense_vos_losses(
            plain.unflatten(0, (n, t)),
            torch.cat([first[:, None], rest.unflatten(0, (n, t - 1))], 1),
            affine,
            sample_grid(n, size, self.grid),
            sample_grid(n, size, self.ref_grid),
            self.temperature,
            self.cross_view_weight,
        )

    def embed(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) to unit vectors of the neck, (n, d, h, w)."""
        return unit_cells(self.neck(self.backbone(images)))

    def dense_maps(self, images: Tensor) -> dict[str, Tensor]:
        """All features of each cell, of unit length.

        Args:
            images (Tensor): (n, 3, h, w), normalised.

        Returns:
            dict[str, Tensor]: 'key' of the neck, and 'map0', 'map1', ... of
            the backbone, (n, c, h, w) each.
        """
        maps = self.backbone(images)
        maps = [maps] if isinstance(maps, Tensor) else maps
        named = {f'map{i}': unit_cells(x) for i, x in enumerate(maps)}
        return dict(key=unit_cells(self.neck(maps)), **named)

    @contextmanager
    def _guided_norms(self) -> Iterator[None]:
        norms = [
            module
            for module in self.modules()
            if isinstance(module, _BatchNorm) and module.training
        ]
        frozen = norms if self.freeze_guided_norms else []
        for module in frozen:
            module.eval()
        try:
            yield
        finally:
            for module in frozen:
                module.train()


def _clips(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Both views, (n, t, 3, h, w)."""
    shapes = [tuple(view.shape) for view in inputs]
    if (
        len(inputs) != 2
        or len(shapes[0]) != 5
        or shapes[0] != shapes[1]
        or shapes[0][2] < 2
    ):
        raise ValueError(
            'DenseVOS needs the plain and the guided view of clips, '
            '(n, 3, t, h, w) each with t >= 2 frames, got '
            f'{shapes}; see VideoClipDataset and GuidedView'
        )
    return [view.transpose(1, 2) for view in inputs]


def _affines(data_samples: Sequence | None) -> Tensor:
    """(n, 2, 3)."""
    if not data_samples or any('affine' not in s for s in data_samples):
        raise ValueError(
            'DenseVOS needs the map of each guided view; put '
            "dict(type='GuidedView') into the pipeline of the clips"
        )
    return torch.stack([torch.as_tensor(s.affine) for s in data_samples])


def unit_cells(maps: Tensor) -> Tensor:
    """(n, c, h, w) with vectors of unit length in each cell, in float32."""
    return F.normalize(maps.float() if maps.dtype in HALVES else maps, dim=1)


HALVES = (torch.float16, torch.bfloat16)


def sample_grid(
    batch: int,
    size: tuple[int, int],
    grid: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Cells of a regular grid, shifted by a random offset for each clip.

    Args:
        batch (int): b clips.
        size (tuple[int, int]): h and w of the feature map.
        grid (int): Points a side, which must divide h and w.
        generator (torch.Generator, optional): Of the offsets, on the CPU.

    Returns:
        Tensor: (b, grid * grid) int64 in [0, h w), row by row.

    Raises:
        ValueError: The grid does not divide the map.
    """
    height, width = size
    if grid < 1 or height % grid or width % grid:
        raise ValueError(
            f'a grid of {grid} points a side must divide the feature map of '
            f'{height} x {width} cells'
        )
    high, wide = height // grid, width // grid
    y = torch.randint(high, (batch, 1, 1), generator=generator)
    x = torch.randint(wide, (batch, 1, 1), generator=generator)
    point = torch.arange(grid)
    y, x = y + high * point[:, None], x + wide * point
    return (y * width + x).flatten(1)


def warp(maps: Tensor, affine: Tensor) -> Tensor:
    """Maps in another view's coordinates: nearest cell, zeros outside.

    Args:
        maps (Tensor): (n, k, h, w).
        affine (Tensor): (n, 2, 3), from where each cell is taken.

    Returns:
        Tensor: (n, k, h, w).
    """
    grid = F.affine_grid(affine.to(maps), maps.shape, align_corners=False)
    return F.grid_sample(
        maps, grid, 'nearest', padding_mode='zeros', align_corners=False
    )


def cells_at(maps: Tensor, index: Tensor) -> Tensor:
    """Features of some cells.

    Args:
        maps (Tensor): (b, k, h, w).
        index (Tensor): (b, n) int64 in [0, h w).

    Returns:
        Tensor: (b, n, k).
    """
    index = index.to(maps.device)[:, None].expand(-1, maps.shape[1], -1)
    return maps.flatten(2).gather(2, index).transpose(1, 2)


@torch.no_grad()
def pseudo_labels(clips: Tensor, anchors: Tensor) -> Tensor:
    """The anchor of its own clip that each cell is most like.

    Args:
        clips (Tensor): (b, t, k, h, w) features of the guided view.
        anchors (Tensor): (b, n, k).

    Returns:
        Tensor: (b, t, h, w) int64 in [0, b n); clip i has [i n, (i + 1) n).
    """
    count = anchors.shape[1]
    labels = [  # clip by clip: products of all need a copy of the features
        (own @ clip.flatten(2)).argmax(1) + i * count
        for i, (own, clip) in enumerate(zip(anchors, clips, strict=True))
    ]
    return torch.stack(labels).unflatten(2, clips.shape[3:])


def _frame_errors(
    frame: Tensor, affine: Tensor, anchors: Tensor, labels: Tensor
) -> Tensor:
    frame = warp(frame[None], affine[None])
    logits = (anchors @ frame.flatten(2)).view(1, -1, *labels.shape)
    return F.cross_entropy(logits, labels[None], reduction='none')[0]


@full_precision
def space_time_errors(
    clips: Tensor,
    affine: Tensor,
    anchors: Tensor,
    labels: Tensor,
    temperature: float = 0.05,
) -> Tensor:
    """Cross-entropy of each warped cell over the anchors of all clips.

    Frames are warped and compared one by one, and again in the backward
    pass, so that only the logits of one frame are in memory.

    Args:
        clips (Tensor): (b, t, k, h, w) features of unit length.
        affine (Tensor): (b, 2, 3), see :func:`warp`.
        anchors (Tensor): (b, n, k); gradient flows through them.
        labels (Tensor): (b, t, h, w) int64 in [0, b n).
        temperature (float): Divisor of the logits, > 0.

    Returns:
        Tensor: (b, t, h, w).

    Raises:
        ValueError: The temperature is not above 0.
    """
    check_temperature(temperature)
    anchors = anchors.flatten(0, 1) / temperature
    affine = affine.repeat_interleave(clips.shape[1], 0)
    frames = zip(
        clips.flatten(0, 1), affine, labels.flatten(0, 1), strict=True
    )
    errors = [
        checkpoint(
            _frame_errors, frame, place, anchors, target, use_reentrant=False
        )
        for frame, place, target in frames
    ]
    return torch.stack(errors).view(labels.shape)


@full_precision
def cross_view_loss(
    main: Tensor, guided: Tensor, index: Tensor, temperature: float = 0.05
) -> Tensor:
    """Contrast of the same cells in two views of the first frames.

    One direction: rows are the plain view, columns the guided one.

    Args:
        main (Tensor): (b, k, h, w), warped into the guided view.
        guided (Tensor): (b, k, h, w).
        index (Tensor): (b, n) int64 in [0, h w).
        temperature (float): Divisor of the logits, > 0.

    Returns:
        Tensor: Scalar.

    Raises:
        ValueError: The temperature is not above 0.
    """
    check_temperature(temperature)
    rows, columns = (cells_at(x, index).flatten(0, 1) for x in (main, guided))
    target = torch.arange(len(rows), device=rows.device)
    return F.cross_entropy(rows @ columns.T / temperature, target)


def dense_vos_losses(
    main: Tensor,
    guided: Tensor,
    affine: Tensor,
    grid_index: Tensor,
    ref_index: Tensor,
    temperature: float = 0.05,
    cross_view_weight: float = 0.1,
) -> dict[str, Tensor]:
    """Both losses of a batch of clips; frame 0 is the reference.

    Warping features equals warping logits, as the published code does: the
    nearest cell is taken of both, and both are zero outside.  In the guided
    view only the first frame receives a gradient.

    Args:
        main (Tensor): (b, t, k, h, w) features of the plain view, of unit
            length.
        guided (Tensor): (b, t, k, h, w) of the guided view.
        affine (Tensor): (b, 2, 3), where the guided view's cells lie in the
            plain one: the second of :func:`guided_affines`.
        grid_index (Tensor): (b, n) cells of the anchors.
        ref_index (Tensor): (b, m) cells of the cross-view term.
        temperature (float): Divisor of the logits, > 0.
        cross_view_weight (float): Of the second loss.

    Returns:
        dict[str, Tensor]: ``loss_space_time`` and ``loss_cross_view``
        (weighted), scalars.

    Raises:
        ValueError: Shapes differ, or there is only one frame.
    """
    if main.shape != guided.shape or main.ndim != 5 or main.shape[1] < 2:
        raise ValueError(
            'both views must be (b, t, k, h, w) with at least 2 frames, got '
            f'{tuple(main.shape)} and {tuple(guided.shape)}'
        )
    reference, others = main.split([1, main.shape[1] - 1], 1)
    reference = reference[:, 0]
    anchors = cells_at(reference, grid_index)
    labels = pseudo_labels(guided[:, 1:], anchors)
    errors = space_time_errors(others, affine, anchors, labels, temperature)
    cross_view = cross_view_loss(
        warp(reference, affine), guided[:, 0], ref_index, temperature
    )
    return dict(
        loss_space_time=errors.mean(),
        loss_cross_view=cross_view_weight * cross_view,
    )
