# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The learning rate of SlowFast's code: a function of the fractional epoch."""

import math
from collections.abc import Sequence

from mmssl.engine.optimizers.epoch_curve_lr import EpochCurveLR
from mmssl.registry import PARAM_SCHEDULERS


def learning_rate(
    epoch: float,
    lr: float,
    max_epochs: float,
    warmup: float = 0.0,
    warmup_lr: float = 0.0,
    steps: Sequence[float] = (),
    factors: Sequence[float] = (),
) -> float:
    r"""Half a cosine, or steps, after a linear warm-up.

    .. math:: lr(e) = lr (\cos(\pi e / E) + 1) / 2

    During the warm-up the rate rises linearly from ``warmup_lr`` to the
    value that the curve has at its end: the curve itself is not shifted.
    ``slowfast/utils/lr_policy.py`` of
    https://github.com/facebookresearch/SlowFast.

    Args:
        epoch (float): e, finished epochs with their fraction.
        lr (float): The base rate.
        max_epochs (float): E.
        warmup (float): Epochs of warm-up.
        warmup_lr (float): Rate at epoch 0.
        steps (Sequence[float]): Epochs from which each factor holds, the
            first is 0; empty for the cosine.
        factors (Sequence[float]): Shares of the base rate.
    """

    def curve(at: float) -> float:
        if not steps:
            return lr * (math.cos(math.pi * at / max_epochs) + 1) / 2
        reached = sum(start <= at for start in steps)
        return lr * factors[reached - 1]

    if epoch >= warmup:
        return curve(epoch)
    return warmup_lr + (curve(warmup) - warmup_lr) * epoch / warmup


@PARAM_SCHEDULERS.register_module()
class FractionalEpochLR(EpochCurveLR):
    """:func:`learning_rate`, set before each iteration.

    In a config always with ``convert_to_iter_based=True``; all arguments
    count epochs.

    Args:
        optimizer (Optimizer | OptimWrapper): Whose learning rate is set.
        max_epochs (float): E.
        warmup (float): Epochs of warm-up.
        warmup_ratio (float): Rate at epoch 0, as a share of the base rate,
            so that both scale together.
        steps (Sequence[float]): See :func:`learning_rate`.
        factors (Sequence[float]): See :func:`learning_rate`.
        **kwargs: See :class:`EpochCurveLR`.

    Raises:
        ValueError: There are not as many factors as steps, or steps do not
            begin with 0.
    """

    def __init__(
        self,
        optimizer,
        max_epochs: float,
        warmup: float = 0.0,
        warmup_ratio: float = 0.0,
        steps: Sequence[float] = (),
        factors: Sequence[float] = (),
        **kwargs,
    ) -> None:
        if len(steps) != len(factors) or (steps and steps[0] != 0):
            raise ValueError(
                'steps of FractionalEpochLR begin with 0 and have one factor '
                f'each, got steps={tuple(steps)}, factors={tuple(factors)}'
            )
        self.curve = dict(
            max_epochs=max_epochs,
            warmup=warmup,
            warmup_lr=warmup_ratio,
            steps=tuple(steps),
            factors=tuple(factors),
        )
        super().__init__(optimizer, **kwargs)

    def factor(self, iteration: int) -> float:
        """See :func:`learning_rate`."""
        return learning_rate(iteration / self.epoch_length, 1.0, **self.curve)
