# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The losses of Dense Unsupervised Learning for Video Segmentation.

Araslanov, Schaub-Meyer, Roth, https://arxiv.org/abs/2111.06265.  Cells of a
grid in the first frame of each clip, the anchors, are the classes of a
softmax; each cell of the other frames learns to be the anchor that it is in
a flipped and zoomed view of its frame.

anchors . plain view, warped -> logits over the anchors of all clips
anchors . guided view        -> labels among the anchors of the own clip
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from mmssl.models.losses import check_temperature, full_precision


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


def guided_affines(
    shift: Tensor, zoom: Tensor, flip: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    r"""The guided view's map, and its inverse, as ``affine_grid`` has them.

    As in the published code, with a = zoom and phi = flip,

    .. math::
        \theta = a \begin{pmatrix} \phi & 0 & -dx / \lfloor W/2 \rfloor \\
        0 & 1 & -dy / \lfloor H/2 \rfloor \end{pmatrix}

    Sampling the plain frame at the inverse gives the view.

    Args:
        shift (Tensor): (b, 2), dy and dx: the window's centre minus the
            frame's, pixels.
        zoom (Tensor): (b,), >= 1; 1 / s of a window of share s.
        flip (Tensor): (b,), -1 mirrored, 1 not.
        size (tuple[int, int]): H and W of the frame.

    Returns:
        tuple[Tensor, Tensor]: theta and its inverse, (b, 2, 3) each.
    """
    half = shift.new_tensor([size[0] // 2, size[1] // 2])
    dy, dx = (shift / half).unbind(1)
    zero, one = torch.zeros_like(dx), torch.ones_like(dx)

    def rows(*entries: Tensor) -> Tensor:
        return torch.stack(entries, 1).view(-1, 2, 3)

    forward = rows(flip, zero, -dx, zero, one, -dy)
    inverse = rows(flip / zoom, zero, flip * dx, zero, one / zoom, dy)
    return zoom[:, None, None] * forward, inverse


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
