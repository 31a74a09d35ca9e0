# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Losses of several terms, each with a graph of its own.

term 1 -> backward -> free its graph -> term 2 -> backward -> ... -> one step
"""

from collections.abc import Iterator, Sequence

import torch
from mmengine.dist import all_reduce_params
from mmengine.optim import OptimWrapper
from torch import Tensor

from .base import BaseSelfSupervisor

REDUCTIONS = ('mean', 'sum')


class SummedTerms(BaseSelfSupervisor):
    """A method whose loss is the mean, or the sum, of terms.

    A method yields its terms one after the other from :meth:`terms`; what a
    term needs is computed when its turn comes.

    Args:
        reduction (str): 'mean' of the terms, as the image methods are
            published, or 'sum', as the rho methods for video clips are
            (https://arxiv.org/abs/2104.14558; the paper says average, its
            code and its learning rates say sum).  With 'sum' the log also
            has ``reported``, the sum / (2 v) that the authors' code logs.
        sequential (bool): Walk back through each term before the next is
            computed, so that memory does not grow with the number of terms.
            The gradient is the same; several processes average it once,
            after the last term.
        **kwargs: As for :class:`BaseSelfSupervisor`.

    Raises:
        ValueError: The reduction is unknown.
    """

    def __init__(
        self, reduction: str = 'mean', sequential: bool = False, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        if reduction not in REDUCTIONS:
            raise ValueError(
                f'reduction must be in {REDUCTIONS}, got {reduction!r}'
            )
        self.reduction = reduction
        self.sequential = sequential

    def terms(self, views: Sequence[Tensor]) -> Iterator[Tensor]:
        """Scalar terms of the loss in their order; each method's own."""
        raise NotImplementedError(
            f'{type(self).__name__} must implement terms()'
        )

    def num_terms(self, num_views: int) -> int:
        """How many terms so many views give; each method's own."""
        raise NotImplementedError(
            f'{type(self).__name__} must implement num_terms()'
        )

    def loss(
        self, inputs: list[Tensor], data_samples: list | None = None
    ) -> dict[str, Tensor]:
        """Mean or sum of the terms in one graph."""
        total = torch.stack(list(self.terms(inputs))).sum()
        if self.reduction == 'mean':
            return dict(loss=total / self.num_terms(len(inputs)))
        reported = total.detach() / (2 * len(inputs))
        return dict(loss=total, reported=reported)

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """One step of training; see ``sequential``.

        Args:
            data (dict): A batch.
            optim_wrapper (OptimWrapper): Steps once, however many terms.

        Returns:
            dict: What the log gets.
        """
        if not self.sequential:
            return super().train_step(data, optim_wrapper)
        views = self.data_preprocessor(data, True)['inputs']
        self.check_views(views)
        count = self.num_terms(len(views))
        weight = 1.0 if self.reduction == 'sum' else 1 / count
        terms, total = self.terms(views), 0.0
        for remaining in reversed(range(count)):
            with optim_wrapper.optim_context(self):
                term = next(terms) * weight
            scaled = optim_wrapper.scale_loss(term)
            optim_wrapper.backward(scaled)
            if remaining:  # a step counts once for accumulation
                optim_wrapper._inner_count -= 1
            total = total + term.detach()
            del term, scaled  # with its graph, before the next one
        if optim_wrapper.should_update():
            gradients = [p.grad for p in self.parameters()]
            gradients = [grad for grad in gradients if grad is not None]
            all_reduce_params(gradients, op='mean')
            optim_wrapper.step()
            optim_wrapper.zero_grad()
        log = dict(loss=total)
        if self.reduction == 'sum':
            log['reported'] = total / (2 * len(views))
        return log
