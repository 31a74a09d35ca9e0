# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Shuffled batch norm: statistics that do not give the positive away."""

from collections.abc import Callable

import torch
import torch.distributed as dist
from mmengine.dist import get_world_size
from torch import Tensor

from .gather import check_equal_rows
from .node_group import node_group

GROUPS = ('world', 'node')


def check_group(group: str) -> str:
    """Return the name of a group to shuffle over.

    Raises:
        ValueError: It is not in :data:`GROUPS`.
    """
    if group not in GROUPS:
        raise ValueError(f'shuffle group must be in {GROUPS}, got {group!r}')
    return group


@torch.no_grad()
def shuffled_forward(
    encoder: Callable[[Tensor], Tensor | tuple[Tensor, ...]],
    x: Tensor,
    group: str = 'world',
) -> Tensor | tuple[Tensor, ...]:
    """Encode samples in the company of random ones of other processes.

    Section 3.3 of https://arxiv.org/abs/1911.05722: with batch norms of
    each process alone, a query and its key could be matched by the shared
    statistics of their batch.  So the joint batch is permuted, every
    process encodes one slice, and the outputs go back to their owners.

    With one process the company is the same in any order, and the encoder
    is simply called.

    Args:
        encoder (Callable): From (n, ...) to a tensor (n, ...) or several.
        x (Tensor): (n, ...), the samples of this process.
        group (str): 'world', all processes, or 'node', those of one machine.

    Returns:
        Tensor | tuple[Tensor, ...]: Outputs of this process's samples in
        their order, without gradient.

    Raises:
        ValueError: If processes hold different numbers of samples.
    """
    if get_world_size() == 1:
        return encoder(x)
    check_equal_rows(x)
    members = node_group() if group == 'node' else dist.group.WORLD
    world, rank = dist.get_world_size(members), dist.get_rank(members)

    def gather(part: Tensor) -> Tensor:
        parts = [torch.empty_like(part) for _ in range(world)]
        dist.all_gather(parts, part.contiguous(), members)
        return torch.cat(parts)

    joint = gather(x)
    order = torch.randperm(len(joint), device=x.device)
    # random numbers differ between processes
    dist.broadcast(order, dist.get_global_rank(members, 0), members)
    outputs = encoder(joint[order.chunk(world)[rank]])
    mine = order.argsort().chunk(world)[rank]
    if isinstance(outputs, Tensor):
        return gather(outputs)[mine]
    return tuple(gather(output)[mine] for output in outputs)
