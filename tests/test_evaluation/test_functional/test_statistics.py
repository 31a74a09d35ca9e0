# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest

from mmssl.evaluation.functional import gain_in_standard_errors, summarize


def test_interval_of_three_seeds_uses_students_t():
    summary = summarize([1.0, 2.0, 3.0])
    assert summary.mean == 2
    assert summary.std == pytest.approx(1)
    assert summary.standard_error == pytest.approx(1 / math.sqrt(3))
    # t quantile 0.975 with 2 degrees of freedom.
    assert summary.half_interval == pytest.approx(4.30265 / math.sqrt(3))


def test_one_seed_has_a_mean_and_no_spread():
    summary = summarize([0.4])
    assert summary.mean == 0.4
    assert math.isnan(summary.std) and math.isnan(summary.half_interval)


def test_no_value_is_refused():
    with pytest.raises(ValueError, match='at least one'):
        summarize([])


def test_gain_is_counted_in_errors_of_the_difference():
    # Errors 1/sqrt(3) each, so sqrt(2/3) of the difference.
    gain = gain_in_standard_errors([4.0, 5.0, 6.0], [1.0, 2.0, 3.0])
    assert gain == pytest.approx(3 / math.sqrt(2 / 3))


def test_gain_without_spread_or_with_one_seed():
    assert gain_in_standard_errors([2.0, 2.0], [1.0, 1.0]) == math.inf
    assert gain_in_standard_errors([1.0, 1.0], [1.0, 1.0]) == 0
    assert math.isnan(gain_in_standard_errors([2.0], [1.0, 1.5]))
