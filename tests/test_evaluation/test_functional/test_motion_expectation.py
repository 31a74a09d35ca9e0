# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.evaluation.functional import motion_expectation
from mmssl.models.losses import unit_rows


def test_shares_are_those_of_a_loop():
    torch.manual_seed(0)
    n, s, w = 4, 3, 2
    query = unit_rows(torch.randn(n * s, 8))
    key = unit_rows(torch.randn(w * n * s, 8))
    key[: n * s] += 0.6 * query
    key = unit_rows(key)
    found = motion_expectation(query, key, n)
    hits = 0
    for i, row in enumerate(query):
        hits += max(range(len(key)), key=lambda j: float(row @ key[j])) == i
    assert found.cell_top1 == pytest.approx(hits / (n * s))
    assert found.cell_chance == pytest.approx(1 / 24)
    assert found.window_chance == pytest.approx(1 / 8)
    for b in range(n):
        for other in range(w * n):
            mean = sum(
                float(query[b * s + c] @ key[other * s + c]) for c in range(s)
            ) / s  # fmt: skip
            assert float(found.similarity[b, other]) == pytest.approx(
                mean, abs=1e-5
            )
    best = found.similarity.argmax(1) == torch.arange(n)
    assert found.window_top1 == pytest.approx(best.double().mean().item())


def test_equal_windows_share_a_hit():
    query = unit_rows(torch.ones(2, 4))
    key = torch.cat([query, -query])
    found = motion_expectation(query, key, 2)
    assert found.cell_top1 == found.window_top1 == pytest.approx(1 / 2)
    key[0] = -key[0]
    found = motion_expectation(query, key, 2)
    assert found.cell_top1 == pytest.approx(1 / 2)  # 0 and 1
