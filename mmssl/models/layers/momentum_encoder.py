# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The slowly moving copy of an encoder: target of BYOL, key net of MoCo."""

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn


def cosine_momentum(base: float, end: float, progress: float) -> float:
    r"""Momentum that rises from base to end along half a cosine.

    .. math:: m = m_{end} - (m_{end} - m_{base}) (\cos(\pi p) + 1) / 2

    Section 3.2 of https://arxiv.org/abs/2006.07733, there with an end of 1.

    Args:
        base (float): Momentum at the start, in [0, 1].
        end (float): Momentum at the end, in [0, 1].
        progress (float): Share of the training that is done, in [0, 1].

    Returns:
        float: The share of the OLD weights to keep.
    """
    return end - (end - base) * (math.cos(math.pi * progress) + 1) / 2


class MomentumEncoder(nn.Module):
    r"""Exponential moving average of the parameters of named modules.

    .. math:: \theta_t \leftarrow m \theta_t + (1 - m) \theta

    Only parameters are averaged.  Buffers stay the copy's own: its batch
    norms run in train mode on their own batch statistics, as in BYOL, MoCo,
    SCRL and the rho methods.  The forward never builds a graph.

    Args:
        modules (Mapping[str, nn.Module]): The online modules in the order
            of the data flow, such as ``dict(backbone=..., neck=...)``; they
            are copied.
        momentum (float): Share of the old weights kept, in [0, 1].
        end_momentum (float, optional): Momentum at the end of training,
            reached along half a cosine; None keeps it constant.

    Raises:
        ValueError: If a momentum lies outside [0, 1].
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        momentum: float = 0.996,
        end_momentum: float | None = 1.0,
    ) -> None:
        super().__init__()
        for name, value in dict(
            momentum=momentum, end_momentum=end_momentum
        ).items():
            if value is not None and not 0 <= value <= 1:
                raise ValueError(
                    f'{name} is the share of the old weights kept and must '
                    f'be in [0, 1], got {value}'
                )
        self.momentum = momentum
        self.end_momentum = end_momentum
        for name, module in modules.items():
            self.add_module(name, copy.deepcopy(module))
        self.requires_grad_(False)

    def momentum_at(self, progress: float) -> float:
        """Share of the old weights kept at a progress in [0, 1]."""
        if self.end_momentum is None:
            return self.momentum
        return cosine_momentum(self.momentum, self.end_momentum, progress)

    @torch.no_grad()
    def forward(self, x: Tensor):
        """Run the copies one after the other, without a graph."""
        for module in self.children():
            x = module(x)
        return x

    @torch.no_grad()
    def copy_from(self, modules: Mapping[str, nn.Module]) -> None:
        """Take over parameters and buffers of the online modules."""
        for name, module in modules.items():
            getattr(self, name).load_state_dict(module.state_dict())

    @torch.no_grad()
    def update(
        self, modules: Mapping[str, nn.Module], progress: float
    ) -> float:
        """Move the copies towards the online modules.

        Args:
            modules (Mapping[str, nn.Module]): The online modules, named as
                at construction.
            progress (float): Share of the training done, in [0, 1].

        Returns:
            float: The momentum that was used.
        """
        momentum = self.momentum_at(progress)
        old, new = [], []
        for name, module in modules.items():
            old += getattr(self, name).parameters()
            new += module.parameters()
        torch._foreach_mul_(old, momentum)
        torch._foreach_add_(old, new, alpha=1 - momentum)
        return momentum
