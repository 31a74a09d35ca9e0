# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Maps between views in the coordinates of ``affine_grid``."""

import torch
from torch import Tensor


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
