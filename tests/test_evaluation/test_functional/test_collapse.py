# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math

import pytest
import torch

from mmssl.evaluation.functional import effective_rank, feature_std


def test_evenly_spread_directions_have_the_healthy_std():
    features = torch.randn(4000, 16)
    assert feature_std(features) == pytest.approx(1 / 4, rel=0.02)


def test_equal_directions_have_no_std_whatever_their_length():
    features = torch.outer(torch.arange(1.0, 6), torch.ones(8))
    assert feature_std(features) == pytest.approx(0, abs=1e-7)


def test_rank_counts_equally_strong_directions():
    # Rows +-e_i: centred already, 3 equal singular values of 5 dimensions.
    rows = torch.eye(5)[:3]
    assert effective_rank(torch.cat([rows, -rows])) == pytest.approx(3)


def test_rank_is_the_entropy_of_the_singular_values():
    # Singular values 3 : 1, so p = 3/4, 1/4.
    rows = torch.tensor([[3.0, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]])
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert effective_rank(rows) == pytest.approx(math.exp(entropy))


def test_rank_ignores_a_shift_and_the_scale():
    features = torch.randn(50, 6, dtype=torch.float64)
    moved = 3 * features + 100
    assert effective_rank(moved) == pytest.approx(effective_rank(features))


@pytest.mark.parametrize('shape', [(30, 8), (8, 30)])
def test_rank_equals_that_of_a_singular_value_decomposition(shape):
    features = torch.randn(shape, dtype=torch.float64)
    values = torch.linalg.svdvals(features - features.mean(0))
    values = values[values > 1e-9]
    shares = values / values.sum()
    expected = torch.exp(-(shares * shares.log()).sum()).item()
    assert effective_rank(features) == pytest.approx(expected, rel=1e-6)


def test_rank_of_equal_rows_is_zero():
    assert effective_rank(torch.full((9, 4), 0.3)) == 0
