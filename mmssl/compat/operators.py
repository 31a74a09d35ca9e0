# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stand-in for ``mmcv._ext``: mmcv's operators on torchvision's.

Loaded under that name where compiled mmcv is absent.  The signatures are
those that ``mmcv/ops/*.py`` of mmcv 2.1.0 calls: outputs are buffers which
the caller has allocated.  Half precision is computed in float32, because
torchvision's CPU kernels lack it.
"""

import torch
import torch.nn.functional as F
import torchvision  # noqa: F401  (registers torch.ops.torchvision)
from torch import Tensor

OPERATORS = "torchvision's, no compiled mmcv in use"

_tv = torch.ops.torchvision


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def nms(
    bboxes: Tensor, scores: Tensor, iou_threshold: float, offset: int
) -> Tensor:
    """Indices of the boxes that greedy suppression keeps, best first.

    Args:
        bboxes (Tensor): (n, 4), xyxy.
        scores (Tensor): (n, ).
        iou_threshold (float): A box goes when its overlap with a kept one
            is above this.
        offset (int): 0, or 1 where x2 and y2 name the last pixel inside,
            so that a side is ``x2 - x1 + 1``.

    Returns:
        Tensor: int64, (k, ).
    """
    bboxes = _wide(bboxes)
    if offset:
        bboxes = bboxes + bboxes.new_tensor([0, 0, offset, offset])
    return _tv.nms(bboxes, _wide(scores).to(bboxes), iou_threshold)


def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """RoIAlign; pool mode 1 averages the samples of a bin, 0 takes the max.

    With the maximum, ``argmax_y`` and ``argmax_x`` say which sample of its
    bin won, counted from 0: only :func:`roi_align_backward` reads them.

    Args:
        input (Tensor): (n, c, h, w).
        rois (Tensor): (r, 5), sample index and xyxy in input pixels times
            ``1 / spatial_scale``.
        output (Tensor): (r, c, aligned_height, aligned_width), filled.
    """
    x, rois = _wide(input), _wide(rois).to(_wide(input))
    size = (aligned_height, aligned_width)
    if pool_mode == 1:
        output.copy_(
            _tv.roi_align(
                x, rois, spatial_scale, *size, sampling_ratio, aligned
            )
        )
        return
    for grid, rows in _sample_grids(
        rois, size, spatial_scale, sampling_ratio, aligned
    ):
        fine_size = (size[0] * grid[0], size[1] * grid[1])
        # One sample in each fine bin stands where the coarse bin has its
        # grid of samples.
        fine = _tv.roi_align(
            x, rois[rows], spatial_scale, *fine_size, 1, aligned
        )
        best, index = F.max_pool2d(fine, grid, return_indices=True)
        output[rows] = best.to(output.dtype)
        argmax_y[rows] = (index // fine_size[1] % grid[0]).to(argmax_y.dtype)
        argmax_x[rows] = (index % fine_size[1] % grid[1]).to(argmax_x.dtype)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Gradient of :func:`roi_align_forward` for its input, in place.

    Args:
        grad_output (Tensor): (r, c, aligned_height, aligned_width).
        grad_input (Tensor): (n, c, h, w), filled.
    """
    grad, rois = _wide(grad_output), _wide(rois).to(_wide(grad_output))
    size, shape = (aligned_height, aligned_width), grad_input.shape
    if pool_mode == 1:
        grad_input.copy_(
            _tv._roi_align_backward(
                grad,
                rois,
                spatial_scale,
                *size,
                *shape,
                sampling_ratio,
                aligned,
            )
        )
        return
    total = grad.new_zeros(shape)
    for grid, rows in _sample_grids(
        rois, size, spatial_scale, sampling_ratio, aligned
    ):
        fine_size = (size[0] * grid[0], size[1] * grid[1])
        top = torch.arange(size[0], device=grad.device)[:, None] * grid[0]
        left = torch.arange(size[1], device=grad.device) * grid[1]
        index = (top + argmax_y[rows].long()) * fine_size[1]
        index = index + left + argmax_x[rows].long()
        fine = F.max_unpool2d(grad[rows], index, grid)
        total += _tv._roi_align_backward(
            fine, rois[rows], spatial_scale, *fine_size, *shape, 1, aligned
        )
    grad_input.copy_(total)


def _sample_grids(
    rois: Tensor,
    size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> list[tuple[tuple[int, int], Tensor]]:
    """Regions by their number of samples in a bin.

    A sampling ratio of 0 means one sample for each started input pixel, so
    that regions differ.  An empty region still gets one sample.

    Returns:
        list: ((samples in a column, in a row), row indices of ``rois``).
    """
    if sampling_ratio > 0:
        everything = torch.arange(len(rois), device=rois.device)
        return [((sampling_ratio, sampling_ratio), everything)]
    sides = (rois[:, [4, 3]] - rois[:, [2, 1]]) * spatial_scale  # h, w
    if not aligned:
        sides = sides.clamp(min=1)
    counts = (sides / sides.new_tensor(size)).ceil().clamp(min=1).long()
    grids, groups = counts.unique(dim=0, return_inverse=True)
    return [
        (tuple(grid), (groups == i).nonzero()[:, 0])
        for i, grid in enumerate(grids.tolist())
    ]


def roi_pool_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """RoIPool: maximum over the pixels of each bin.

    Args:
        input (Tensor): (n, c, h, w).
        rois (Tensor): (r, 5), as for :func:`roi_align_forward`.
        output (Tensor): (r, c, pooled_height, pooled_width), filled.
        argmax (Tensor): int32, like ``output``; flat index into the h x w
            pixels, -1 for an empty bin; filled.
    """
    best, index = _tv.roi_pool(
        _wide(input),
        _wide(rois).to(_wide(input)),
        spatial_scale,
        pooled_height,
        pooled_width,
    )
    output.copy_(best)
    argmax.copy_(index)


def roi_pool_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax: Tensor,
    grad_input: Tensor,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
) -> None:
    """Gradient of :func:`roi_pool_forward` for its input, in place."""
    grad = _wide(grad_output)
    grad_input.copy_(
        _tv._roi_pool_backward(
            grad,
            _wide(rois).to(grad),
            argmax,
            spatial_scale,
            pooled_height,
            pooled_width,
            *grad_input.shape,
        )
    )


def sigmoid_focal_loss_forward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    output: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    r"""Focal loss of each class against the rest, without reduction.

    .. math::
        \ell = -\alpha (1 - p)^\gamma \log p \;\text{for the target's class},
        \quad -(1 - \alpha) p^\gamma \log(1 - p) \;\text{for the others}

    Args:
        input (Tensor): (n, k) logits.
        target (Tensor): int64, (n, ), in [0, k]; k is the background.
        weight (Tensor): (k, ) factor of the samples of a class, or empty.
        output (Tensor): (n, k), filled.
    """
    x = _wide(input)
    p, q = x.sigmoid(), (-x).sigmoid()
    own = -alpha * q**gamma * F.logsigmoid(x)
    other = -(1 - alpha) * p**gamma * F.logsigmoid(-x)
    output.copy_(_choose(own, other, target, _wide(weight)))


def sigmoid_focal_loss_backward(
    input: Tensor,
    target: Tensor,
    weight: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Gradient of the sum of :func:`sigmoid_focal_loss_forward`."""
    x = _wide(input)
    p, q = x.sigmoid(), (-x).sigmoid()
    own = -alpha * q**gamma * (q - gamma * p * F.logsigmoid(x))
    other = (1 - alpha) * p**gamma * (p - gamma * q * F.logsigmoid(-x))
    grad_input.copy_(_choose(own, other, target, _wide(weight)))


def _choose(own: Tensor, other: Tensor, target: Tensor, weight: Tensor):
    """Terms of the target's class and of the others, weighted: (n, k)."""
    is_class = F.one_hot(target, own.size(1) + 1)[:, :-1].bool()
    terms = torch.where(is_class, own, other)
    if weight.numel():
        # The background has no weight of its own.
        terms = terms * F.pad(weight, (0, 1), value=1.0)[target][:, None]
    return terms


def get_compiler_version() -> str:
    """For the environment report of MMEngine and mmdet."""
    return 'none (torchvision operators)'


def get_compiling_cuda_version() -> str:
    """For the environment report of MMEngine and mmdet."""
    return 'none (torchvision operators)'


def __getattr__(name: str):
    if name.startswith('__'):
        raise AttributeError(name)

    def refuse(*args, **kwargs):
        raise NotImplementedError(
            f'the mmcv operator {name!r} has no stand-in on torchvision; '
            'install compiled mmcv (needs a C++ compiler, or a wheel built '
            'for this torch): pip uninstall mmcv-lite, then pip install '
            "--no-deps --no-build-isolation 'mmcv>=2.1.0,<2.2.0'"
        )

    return refuse
