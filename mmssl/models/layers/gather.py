# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Gathering tensors over processes without losing gradient."""

import torch
import torch.distributed as dist
from mmengine.dist import get_rank, get_world_size
from torch import Tensor


class _AllGather(torch.autograd.Function):
    """Concatenate over ranks; the backward sums or keeps the own slice."""

    @staticmethod
    def forward(ctx, x: Tensor, own_slice_gradient: bool) -> Tensor:
        ctx.own_slice_gradient = own_slice_gradient
        ctx.rows = len(x)
        parts = [torch.empty_like(x) for _ in range(get_world_size())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        if not ctx.own_slice_gradient:
            grad = grad.contiguous().clone()
            dist.all_reduce(grad)
        start = get_rank() * ctx.rows
        return grad[start : start + ctx.rows], None


def check_equal_rows(x: Tensor) -> None:
    """Refuse to join parts of different lengths.

    Args:
        x (Tensor): (n, ...) of this process.

    Raises:
        ValueError: If processes hold different numbers of rows.
    """
    rows = torch.tensor([len(x), -len(x)], device=x.device)
    dist.all_reduce(rows, op=dist.ReduceOp.MAX)
    if rows[0] != -rows[1]:
        raise ValueError(
            'all processes must hold equally many samples, got between '
            f'{-rows[1].item()} and {rows[0].item()}; set drop_last=True in '
            'the dataloader'
        )


def all_gather(x: Tensor, own_slice_gradient: bool = False) -> Tensor:
    """Rows of all processes, rank 0's first, with gradient.

    Every process then holds the same joint batch and computes the same
    loss.  The backward **sums** the gradient over processes, so that, with
    the mean that DistributedDataParallel takes over processes, parameters
    get exactly the gradient of one process on the joint batch.

    Args:
        x (Tensor): (n, ...), the same shape on every process.
        own_slice_gradient (bool): Keep only this process's gradient of its
            own rows, as OpenMMLab's ``GatherLayer`` does.  After the mean
            of DDP the gradient is 1 / world size of the exact one when all
            processes compute the same loss.  For settings that were tuned
            under that convention.  Defaults to False.

    Returns:
        Tensor: (n * world size, ...); x itself with one process.

    Raises:
        ValueError: If processes hold different numbers of rows.
    """
    if get_world_size() == 1:
        return x
    check_equal_rows(x)
    return _AllGather.apply(x, own_slice_gradient)
