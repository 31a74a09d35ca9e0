# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Moving the pixels of all frames of a clip by one rule, at once.

The disturbances of DSM (https://arxiv.org/abs/2009.05757): a clip is any
tensor (..., h, w), and what stands in front of height and width is moved
alike, so that the movement between frames is kept.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def local_warp_index(
    size: tuple[int, int], warps: Sequence[tuple[int, int, int, int]]
) -> Tensor:
    r"""Where each pixel of a locally warped picture comes from.

    A warp (px, py, dx, dy) moves the box of rows
    :math:`[px - 3 dx, px + 3 dx)` and columns :math:`[py - 3 dy, py + 3 dy)`:

    .. math::
        r = \lVert (i, j) - (px + dx, py + dy) \rVert / \lVert (dx, dy)
        \rVert,\quad w = 0.5 / (3 r^4 + 1),\quad
        (i', j') = (i, j) - \operatorname{trunc}(w (dx, dy))

    clamped to the picture; other pixels stay.  Warps follow one another.
    ``spatial_wrap.py`` of https://github.com/FingerRec/DSM-decoupling-scene-motion.

    Args:
        size (tuple[int, int]): (h, w), pixels.
        warps (Sequence[tuple[int, int, int, int]]): (px, py, dx, dy), the
            first two count rows and columns, the others are > 0.

    Returns:
        Tensor: (h, w) int64, place i' w + j' in the picture as it was.
    """
    height, width = size
    index = torch.arange(height * width).view(size)
    for px, py, dx, dy in warps:
        top, bottom = max(0, px - 3 * dx), min(height, px + 3 * dx)
        left, right = max(0, py - 3 * dy), min(width, py + 3 * dy)
        if top >= bottom or left >= right:
            continue
        rows = torch.arange(top, bottom)[:, None]
        columns = torch.arange(left, right)
        square = (rows - px - dx) ** 2 + (columns - py - dy) ** 2
        ratio = square.double() / (dx**2 + dy**2)  # r squared
        weight = 0.5 / (3 * ratio**2 + 1)
        rows = (rows - (weight * dx).long()).clamp(0, height - 1)
        columns = (columns - (weight * dy).long()).clamp(0, width - 1)
        index[top:bottom, left:right] = index[rows, columns]
    return index


def move_pixels(clip: Tensor, index: Tensor, inplace: bool = False) -> Tensor:
    """Take each pixel from where an index says.

    Args:
        clip (Tensor): (n, ..., h, w), any dtype.
        index (Tensor): (h, w) int64 for all, or (n, h, w), one a clip.
        inplace (bool): With one index for all, change the clip itself, which
            must be contiguous, without gradient: nearly all of the time goes
            into copying the pixels that stay.

    Returns:
        Tensor: The same shape, a copy unless in place.
    """
    index = index.to(clip.device)
    if index.ndim == 3:
        flat = clip.flatten(-2)
        shape = (len(clip), *[1] * (clip.ndim - 3), -1)
        moved = flat.gather(-1, index.view(shape).expand(flat.shape))
        return moved.view(clip.shape)
    # Most pixels stay: the look-up of few is fastest, and on rows of pixels
    # several times as fast as with an ellipsis.
    index = index.flatten()
    here = torch.arange(len(index), device=index.device)
    places = (index != here).nonzero()[:, 0]
    rows = (-1, len(index))
    flat = clip.view(rows) if inplace else clip.reshape(rows)
    found = flat.index_select(1, index[places])
    write = flat.index_copy_ if inplace else flat.index_copy
    return write(1, places, found).view(clip.shape)


def pixel_grid(size: tuple[int, int]) -> Tensor:
    """(h, w, 2) float64 (x, y) of the pixels, corners at -1 and 1."""
    y, x = (torch.linspace(-1, 1, n, dtype=torch.float64) for n in size)
    return torch.stack(torch.meshgrid(x, y, indexing='xy'), dim=-1)


def thin_plate_grid(
    target: Tensor, source: Tensor, size: tuple[int, int]
) -> Tensor:
    """Where to look so that points of a picture come to others.

    The smoothest map that takes each target point to its source point
    (SciPy's thin-plate spline).

    Args:
        target (Tensor): (m, 2) (x, y) of the warped picture in [-1, 1], at
            least three of them and not on one line.
        source (Tensor): (m, 2) of the picture as it was.
        size (tuple[int, int]): (h, w), pixels.

    Returns:
        Tensor: (h, w, 2) float32 for :func:`sample_clip`.
    """
    from scipy.interpolate import RBFInterpolator

    spline = RBFInterpolator(
        target.double().numpy(),
        source.double().numpy(),
        kernel='thin_plate_spline',
    )
    points = spline(pixel_grid(size).view(-1, 2).numpy())
    return torch.from_numpy(points).float().view(*size, 2)


def sample_clip(clip: Tensor, grid: Tensor) -> Tensor:
    """Bilinear look-up, zero outside, the same grid for all frames.

    Args:
        clip (Tensor): (n, c, t, h, w), floating point.
        grid (Tensor): (h, w, 2) for all, or (n, h, w, 2), (x, y) with the
            centres of the corner pixels at -1 and 1.

    Returns:
        Tensor: (n, c, t, h, w).
    """
    grid = grid.to(clip).expand(len(clip), *grid.shape[-3:])
    frames = clip.flatten(1, 2)
    return F.grid_sample(frames, grid, align_corners=True).view(clip.shape)


def flow_sample(frames: Tensor, flow: Tensor, factor: float = 1.0) -> Tensor:
    """Look against a flow: out(x, y) = in(x - f u, y - f v).

    Bilinear, zero outside, as OpenCV's ``remap``.

    Args:
        frames (Tensor): (t, c, h, w), floating point.
        flow (Tensor): (t, 2, h, w): u to the right and v down, pixels.
        factor (float): f.

    Returns:
        Tensor: (t, c, h, w).
    """
    size = frames.shape[-2:]
    half = torch.tensor([max(n - 1, 1) / 2 for n in reversed(size)])
    step = factor * flow.permute(0, 2, 3, 1) / half
    grid = (pixel_grid(size) - step).to(frames)
    return F.grid_sample(frames, grid, align_corners=True)


def flow_splat(
    frames: Tensor, flow: Tensor, factor: float = 1.0, nearest: bool = False
) -> Tensor:
    """Throw pixels along a flow: in(x, y) lands at (x + f u, y + f v).

    Bilinear splats share a pixel among its four neighbours by area and add
    up without being normalised; the nearest ones overwrite, those of later
    rows and columns last.  A pixel any part of which leaves the picture is
    lost.

    Args:
        frames (Tensor): (t, c, h, w), floating point.
        flow (Tensor): (t, 2, h, w), pixels.
        factor (float): f.
        nearest (bool): Whole pixels.

    Returns:
        Tensor: (t, c, h, w).
    """
    t, c, h, w = frames.shape
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing='ij')
    place = torch.stack([x, y]) + factor * flow.double()  # (t, 2, h, w)
    pixels = frames.flatten(2)
    out = torch.zeros_like(pixels)
    if nearest:
        index, inside = _flat(place.round().long(), (h, w))
        order = torch.arange(h * w).expand(t, -1)
        order = torch.where(inside, order, -1)
        last = torch.full((t, h * w), -1)
        last.scatter_reduce_(1, index, order, 'amax')
        found = pixels.gather(2, last.clamp(min=0)[:, None].expand(t, c, -1))
        return torch.where(last[:, None] >= 0, found, out).view(frames.shape)
    corner = place.floor()
    share = place - corner
    _, fits = _flat(corner.long(), (h, w))
    _, also = _flat(corner.long() + 1, (h, w))
    for right in (0, 1):
        for down in (0, 1):
            step = torch.tensor([right, down]).view(2, 1, 1)
            area = torch.where(step == 1, share, 1 - share).prod(1).flatten(1)
            weight = torch.where(fits & also, area, 0.0).to(frames)
            index, _ = _flat(corner.long() + step, (h, w))
            out.scatter_add_(
                2,
                index[:, None].expand(t, c, -1),
                pixels * weight[:, None],
            )
    return out.view(frames.shape)


def _flat(place: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """(t, h w) flat index of (t, 2, h, w) places, and which are inside."""
    h, w = size
    x, y = place.flatten(2).unbind(1)
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    return y.clamp(0, h - 1) * w + x.clamp(0, w - 1), inside
