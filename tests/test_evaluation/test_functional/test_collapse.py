# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import math
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F

from mmssl.evaluation.functional import (
    effective_rank,
    feature_std,
    place_similarity,
)


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


def test_cells_by_place_and_by_picture():
    maps = torch.randn(3, 5, 2, 4, dtype=torch.float64)
    unit = F.normalize(maps.flatten(2), dim=1)
    same = [
        unit[i, :, k] @ unit[j, :, k]
        for i, j in permutations(range(3), 2)
        for k in range(8)
    ]
    within = [
        unit[i, :, k] @ unit[i, :, m]
        for k, m in permutations(range(8), 2)
        for i in range(3)
    ]
    found = place_similarity(maps)
    assert found.same_place == pytest.approx(torch.stack(same).mean().item())
    assert found.within == pytest.approx(torch.stack(within).mean().item())
    assert found.gap == found.same_place - found.within
    # Features that are nothing but the place, nothing but the picture.
    place = torch.eye(8).view(1, 8, 2, 4).expand(3, -1, -1, -1)
    assert place_similarity(place)[:2] == pytest.approx((1, 0))
    picture = torch.eye(3)[:, :, None, None].expand(-1, -1, 2, 4)
    assert place_similarity(picture)[:2] == pytest.approx((0, 1))
    for shape in ((1, 5, 2, 4), (3, 5, 1, 1), (3, 5, 8)):
        with pytest.raises(ValueError, match='2 pictures and 2 cells'):
            place_similarity(torch.ones(shape))
