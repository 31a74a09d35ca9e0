# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Shuffled batch norm: statistics that do not give the positive away."""

from collections.abc import Callable

import torch
from mmengine.dist import broadcast, get_rank, get_world_size
from torch import Tensor

from .gather import all_gather


@torch.no_grad()
def shuffled_forward(
    encoder: Callable[[Tensor], Tensor | tuple[Tensor, ...]], x: Tensor
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

    Returns:
        Tensor | tuple[Tensor, ...]: Outputs of this process's samples in
        their order, without gradient.
    """
    world, rank = get_world_size(), get_rank()
    if world == 1:
        return encoder(x)
    joint = all_gather(x)
    order = torch.randperm(len(joint), device=x.device)
    broadcast(order)  # random numbers differ between processes
    outputs = encoder(joint[order.chunk(world)[rank]])
    mine = order.argsort().chunk(world)[rank]
    if isinstance(outputs, Tensor):
        return all_gather(outputs)[mine]
    return tuple(all_gather(output)[mine] for output in outputs)
