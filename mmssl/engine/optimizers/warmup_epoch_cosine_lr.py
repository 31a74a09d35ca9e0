# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The learning rate of CMD's code: warm-up by iterations, cosine by epochs."""

import math

from mmssl.engine.optimizers.epoch_curve_lr import EpochCurveLR
from mmssl.registry import PARAM_SCHEDULERS


def epoch_cosine_rate(
    iteration: int,
    lr: float,
    epoch_length: int,
    max_epochs: int,
    warmup: int,
    warmup_lr: float,
    end_lr: float = 0.0,
) -> float:
    r"""Linear warm-up, then half a cosine that is constant in an epoch.

    In iteration i of W warm-up iterations, both counted from 1, the rate is
    :math:`w + (lr - w) i / W`; in epoch e > w_e, counted from 1, it is
    :math:`z + (lr - z) (1 + \cos(\pi (e - w_e) / (E - w_e))) / 2`, so that
    the whole last epoch has the last rate z.

    Args:
        iteration (int): From 0.
        lr (float): The base rate.
        epoch_length (int): Iterations of an epoch.
        max_epochs (int): E.
        warmup (int): w_e, epochs of warm-up, below E.
        warmup_lr (float): w, before the first iteration.
        end_lr (float): z.
    """
    epoch = iteration // epoch_length + 1
    if epoch <= warmup:
        share = (iteration + 1) / (warmup * epoch_length)
        return warmup_lr + (lr - warmup_lr) * share
    phase = math.pi * (epoch - warmup) / (max_epochs - warmup)
    return end_lr + (lr - end_lr) * (1 + math.cos(phase)) / 2


@PARAM_SCHEDULERS.register_module()
class WarmupEpochCosineLR(EpochCurveLR):
    """:func:`epoch_cosine_rate`, set before each iteration.

    In a config always with ``convert_to_iter_based=True``.

    Args:
        optimizer (Optimizer | OptimWrapper): Whose learning rate is set.
        max_epochs (int): E.
        warmup (int): Epochs of warm-up.
        warmup_ratio (float): First rate as a share of the base rate.
        end_ratio (float): Last rate as a share of the base rate.
        **kwargs: See :class:`EpochCurveLR`.

    Raises:
        ValueError: The warm-up is not shorter than the training.
    """

    def __init__(
        self,
        optimizer,
        max_epochs: int,
        warmup: int = 5,
        warmup_ratio: float = 0.01,
        end_ratio: float = 0.0,
        **kwargs,
    ) -> None:
        if not 0 <= warmup < max_epochs:
            raise ValueError(
                'warmup of WarmupEpochCosineLR must be in [0, max_epochs), '
                f'got {warmup} and {max_epochs}'
            )
        self.curve = dict(
            max_epochs=max_epochs,
            warmup=warmup,
            warmup_lr=warmup_ratio,
            end_lr=end_ratio,
        )
        super().__init__(optimizer, **kwargs)

    def factor(self, iteration: int) -> float:
        """See :func:`epoch_cosine_rate`."""
        # A scheduler is asked once more after the last iteration.
        last = self.curve['max_epochs'] * self.epoch_length - 1
        return epoch_cosine_rate(
            min(iteration, last), 1.0, self.epoch_length, **self.curve
        )
