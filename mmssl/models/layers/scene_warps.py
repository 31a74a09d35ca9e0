# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Spatial local disturbance: another scene, the same movement.

Section 3.2 of https://arxiv.org/abs/2009.05757, and
https://github.com/FingerRec/DSM-decoupling-scene-motion.  Every module takes
clips (n, c, t, h, w) and moves all frames of a clip alike.  Random numbers
come from torch's global generator on the CPU.
"""

import logging
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from mmssl.registry import MODELS
from mmssl.structures import (
    local_warp_index,
    move_pixels,
    sample_clip,
    thin_plate_grid,
)

Warp = tuple[int, int, int, int]


@MODELS.register_module()
class SpatialLocalWarp(nn.Module):
    """One to three smooth warps of a part of the picture; DSM's default.

    See :func:`local_warp_index`.  The ranges are of pictures of ``ref_size``
    and shrink with smaller ones (the authors' code warps pictures of 112 as
    those of 224, and so moves little of them).

    Args:
        center (tuple[int, int]): px and py, in [low, high).
        shift (tuple[int, int]): dx and dy, in [low, high), > 0.
        num (tuple[int, int]): Warps, in [low, high].
        ref_size (int, optional): Side, pixels, that the ranges are meant
            for; None takes them as they are.
        per_sample (bool): Draw for each clip; by default for a batch.
        inplace (bool): Change the clips themselves, without a copy; with one
            draw for the batch, and clips that need no gradient.

    Raises:
        ValueError: A range that is empty or below its bound; on use, frames
            that are not square.
    """

    def __init__(
        self,
        center: tuple[int, int] = (60, 140),
        shift: tuple[int, int] = (10, 20),
        num: tuple[int, int] = (1, 3),
        ref_size: int | None = 224,
        per_sample: bool = False,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not 0 <= center[0] < center[1] or not 0 < shift[0] < shift[1]:
            raise ValueError(
                'center and shift must be (low, high) with 0 <= low < high, '
                f'low of shift > 0, got {center} and {shift}'
            )
        if not 1 <= num[0] <= num[1]:
            raise ValueError(
                f'num must be (low, high) with 1 <= low <= high, got {num}'
            )
        self.center, self.shift, self.num = center, shift, num
        self.ref_size = ref_size
        self.per_sample = per_sample
        self.inplace = inplace
        self._warned = False

    def draw(self, size: int) -> list[Warp]:
        """Warps of square frames of that side."""
        scale = 1.0 if self.ref_size is None else size / self.ref_size

        def pair(limits: tuple[int, int], least: int) -> list[int]:
            low, high = (max(least, round(n * scale)) for n in limits)
            return torch.randint(low, max(high, low + 1), (2,)).tolist()

        count = int(torch.randint(self.num[0], self.num[1] + 1, ()))
        return [
            (*pair(self.center, 0), *pair(self.shift, 1)) for _ in range(count)
        ]

    def forward(
        self, clips: Tensor, warps: Sequence[Warp] | None = None
    ) -> Tensor:
        """Warp.

        Args:
            clips (Tensor): (n, c, t, h, h).
            warps (Sequence[tuple[int, int, int, int]], optional): Instead
                of random ones, for all clips.

        Returns:
            Tensor: The same shape, a copy unless in place.
        """
        height, width = clips.shape[-2:]
        if height != width:
            raise ValueError(
                'SpatialLocalWarp takes square frames (its published form '
                'measures rows by the width), got '
                f'{height} x {width}; cut square views'
            )
        if warps is not None or not self.per_sample:
            drawn = [self.draw(height)] if warps is None else [warps]
            self._check(drawn, height)
            index = local_warp_index((height, width), drawn[0])
        else:
            drawn = [self.draw(height) for _ in clips]
            self._check(drawn, height)
            index = torch.stack(
                [local_warp_index((height, width), each) for each in drawn]
            )
        return move_pixels(clips, index, self.inplace)

    def _check(self, drawn: Sequence[Sequence[Warp]], size: int) -> None:
        outside = [
            warp
            for warps in drawn
            for warp in warps
            if warp[0] - 3 * warp[2] >= size or warp[1] - 3 * warp[3] >= size
        ]
        if outside and not self._warned:
            self._warned = True
            print_log(
                f'SpatialLocalWarp: the box of the warp {outside[0]} (px, '
                f'py, dx, dy) lies outside frames of {size} x {size} and '
                'moves nothing; lower center, or set ref_size to the size '
                'that its range is meant for (said once)',
                logger='current',
                level=logging.WARNING,
            )


@MODELS.register_module()
class ThinPlateSplineWarp(nn.Module):
    """Bend the whole picture by a grid of points, drawn for a batch.

    Args:
        points (int): Points a side, >= 2.
        strength (float): Each coordinate of a point moves by a number in
            [-strength, strength], on the scale where the picture is [-1, 1].

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(self, points: int = 5, strength: float = 0.1) -> None:
        super().__init__()
        if points < 2 or strength < 0:
            raise ValueError(
                'points must be >= 2 and strength >= 0, got '
                f'{points} and {strength}'
            )
        line = torch.linspace(-1, 1, points)
        grid = torch.meshgrid(line, line, indexing='ij')
        self.strength = strength
        self.target = torch.stack(grid, -1).view(-1, 2)

    def forward(self, clips: Tensor, source: Tensor | None = None) -> Tensor:
        """Warp.

        Args:
            clips (Tensor): (n, c, t, h, w), floating point.
            source (Tensor, optional): (points^2, 2) (x, y), instead of
                random ones.

        Returns:
            Tensor: The same shape, zero where it looks outside.
        """
        if source is None:
            moves = 2 * torch.rand(self.target.shape) - 1
            source = self.target + self.strength * moves
        grid = thin_plate_grid(self.target, source, clips.shape[-2:])
        return sample_clip(clips, grid)


@MODELS.register_module()
class AffineWarp(nn.Module):
    """Turn, shear, scale and shift each clip.

    The authors' code scales by the cosine of the factor, so that it always
    enlarges; here the factor itself counts.

    Args:
        degrees (float): Turned by an angle in [-degrees, degrees].
        shift (float): Moved by up to so much, where the picture is [-1, 1].
        shear (float): Largest entry of the shear.
        scale (tuple[float, float]): Range of the factor.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        degrees: float = 45.0,
        shift: float = 0.3,
        shear: float = 0.3,
        scale: tuple[float, float] = (0.85, 1.15),
    ) -> None:
        super().__init__()
        if min(degrees, shift, shear) < 0 or not 0 < scale[0] <= scale[1]:
            raise ValueError(
                'degrees, shift and shear must be >= 0 and scale (low, high) '
                f'with 0 < low <= high, got {degrees}, {shift}, {shear} and '
                f'{scale}'
            )
        self.degrees, self.shift, self.shear = degrees, shift, shear
        self.scale = scale

    def draw(self, count: int) -> Tensor:
        """Maps from the warped picture to the old one, (count, 2, 3)."""
        numbers = 2 * torch.rand(6, count) - 1
        angle = numbers[0] * math.radians(self.degrees)
        shear_x, shear_y = numbers[1:3] * self.shear
        low, high = self.scale
        factor = low + (high - low) * (numbers[3] + 1) / 2
        one = torch.ones(count)
        turn = torch.stack(
            [angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1
        )
        shear = torch.stack([one, shear_x, shear_y, one], 1)
        linear = turn.view(-1, 2, 2) @ shear.view(-1, 2, 2)
        linear = linear / factor.view(-1, 1, 1)
        move = (numbers[4:6] * self.shift).T[..., None]
        return torch.cat([linear, move], dim=2)

    def forward(self, clips: Tensor, maps: Tensor | None = None) -> Tensor:
        """Warp.

        Args:
            clips (Tensor): (n, c, t, h, w), floating point.
            maps (Tensor, optional): (n, 2, 3), instead of random ones.

        Returns:
            Tensor: The same shape, zero where it looks outside.
        """
        maps = self.draw(len(clips)) if maps is None else maps
        size = (len(clips), 1, *clips.shape[-2:])
        grid = F.affine_grid(maps, size, align_corners=True)
        return sample_clip(clips, grid)
