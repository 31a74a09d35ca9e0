# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Means and intervals over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Summary(NamedTuple):
    """Mean of n values, sample std, standard error and half interval.

    With one value, what measures the spread is NaN.
    """

    mean: float
    std: float
    standard_error: float
    half_interval: float
    count: int


def summarize(values: Sequence[float], confidence: float = 0.95) -> Summary:
    r"""Mean and its t-interval, :math:`\bar x \pm t_{n-1}\, s/\sqrt{n}`.

    Args:
        values (Sequence[float]): One result a seed.
        confidence (float): Of the two-sided interval, in (0, 1).

    Returns:
        Summary: ``half_interval`` is the part after the sign.

    Raises:
        ValueError: If there are no values.
    """
    from scipy.stats import t

    count = len(values)
    if count == 0:
        raise ValueError('a summary needs at least one value, got none')
    mean = math.fsum(values) / count
    if count == 1:
        return Summary(mean, math.nan, math.nan, math.nan, 1)
    squares = math.fsum((value - mean) ** 2 for value in values)
    std = math.sqrt(squares / (count - 1))
    error = std / math.sqrt(count)
    quantile = float(t.ppf((1 + confidence) / 2, count - 1))
    return Summary(mean, std, error, quantile * error, count)


def gain_in_standard_errors(
    values: Sequence[float], baseline: Sequence[float]
) -> float:
    r"""Difference of two means in standard errors of that difference.

    .. math:: (\bar x - \bar y) / \sqrt{s_x^2/n_x + s_y^2/n_y}

    Args:
        values (Sequence[float]): One result a seed, at least two.
        baseline (Sequence[float]): Likewise; the seeds are not paired.

    Returns:
        float: Positive where ``values`` are larger; NaN with fewer than two
        values on a side; infinite for a gain without any spread.
    """
    ours, theirs = summarize(values), summarize(baseline)
    gain = ours.mean - theirs.mean
    error = math.hypot(ours.standard_error, theirs.standard_error)
    if math.isnan(error):
        return math.nan
    if error == 0:
        return 0.0 if gain == 0 else math.copysign(math.inf, gain)
    return gain / error
