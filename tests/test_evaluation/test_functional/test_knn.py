# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch
from golden import load_golden

from mmssl.evaluation.functional import knn as module
from mmssl.evaluation.functional import (
    knn_classify,
    nearest,
    topk_accuracy,
    vote,
)
from mmssl.evaluation.functional.knn import Neighbours


def by_hand(queries, bank, k, distance):
    """Every pair in float64, one at a time; ties by row."""
    indices = []
    for q in queries.double():
        scored = []
        for row, b in enumerate(bank.double()):
            if distance == 'euclidean':
                value = (q - b).square().sum().sqrt().item()
            else:
                norms = q.norm() * b.norm()
                value = -(q @ b / norms).item() if norms > 0 else 0.0
            scored.append((value, row))
        indices.append([row for _, row in sorted(scored)[:k]])
    return torch.tensor(indices)


@pytest.fixture
def blocks(monkeypatch):
    """Blocks so small that every loop turns several times."""
    monkeypatch.setattr(module, 'BANK_BLOCK', 7)
    monkeypatch.setattr(module, 'QUERY_BLOCK', 3)
    monkeypatch.setattr(module, 'GATHERED', 50)
    monkeypatch.setattr(module, 'SPARE', 2)


@pytest.mark.parametrize('case', ['a_', 'b_'])
def test_classes_and_accuracy_equal_the_authors(case):
    golden = load_golden('wmse/eval_knn.npz', case)
    ranked = knn_classify(
        golden['x_test'],
        golden['x_train'],
        golden['y_train'],
        k=int(golden['k']),
    )
    assert torch.equal(ranked[:, 0], golden['pred'])
    accuracy = topk_accuracy(ranked, golden['y_test'])['top1']
    assert accuracy == pytest.approx(golden['acc'].item(), abs=1e-7)


@pytest.mark.parametrize('distance', ['euclidean', 'cosine'])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_neighbours_equal_a_slow_loop_across_blocks(blocks, distance, dtype):
    queries = torch.randn(8, 5, dtype=dtype)
    bank = torch.randn(40, 5, dtype=dtype)
    found = nearest(queries, bank, 4, distance)
    assert torch.equal(found.indices, by_hand(queries, bank, 4, distance))


def test_neighbours_far_from_the_origin_are_exact_in_float32():
    # |q|^2 - 2 q b + |b|^2 alone would be wrong by more than the distances.
    bank = 1000 + torch.randn(200, 16)
    queries = 1000 + torch.randn(20, 16)
    found = nearest(queries, bank, 5)
    assert torch.equal(found.indices, by_hand(queries, bank, 5, 'euclidean'))


def test_values_are_distances_and_similarities():
    queries, bank = torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 0.0]])
    assert nearest(queries, bank, 1).values.item() == 4
    cosine = nearest(queries, bank, 1, 'cosine').values.item()
    assert cosine == pytest.approx(0.6, abs=1e-7)


def test_a_row_of_zeros_has_similarity_zero_with_everything():
    bank = torch.tensor([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.1]])
    found = nearest(torch.tensor([[1.0, 0.0]]), bank, 3, 'cosine')
    assert found.indices.tolist() == [[2, 0, 1]]
    assert found.values[0, 1] == 0


@pytest.mark.parametrize('distance', ['euclidean', 'cosine'])
def test_equal_rows_are_ordered_by_their_index(blocks, distance):
    bank = torch.tensor([[1.0, 2.0], [5.0, -1.0], [1.0, 2.0], [1.0, 2.0]])
    found = nearest(torch.tensor([[1.0, 1.5]]), bank, 3, distance)
    assert found.indices.tolist() == [[0, 2, 3]]


def test_half_precision_features_are_compared_in_single_precision():
    bank = torch.randn(50, 8).to(torch.bfloat16)
    found = nearest(bank[:5], bank, 3)
    expected = by_hand(bank[:5], bank, 3, 'euclidean')
    assert torch.equal(found.indices, expected)


@pytest.mark.parametrize('k', [0, 6])
def test_k_outside_the_bank_is_refused(k):
    with pytest.raises(ValueError, match=f'between 1 and the 5 .* got {k}'):
        nearest(torch.zeros(2, 3), torch.zeros(5, 3), k)


def test_features_that_are_not_finite_are_refused():
    bank, bad = torch.zeros(5, 3), torch.full((5, 3), float('nan'))
    for queries, rows in [(bank, bad), (bad, bank)]:
        with pytest.raises(ValueError, match='NaN or infinite'):
            nearest(queries, rows, 1)


def test_different_sizes_are_refused():
    with pytest.raises(ValueError, match='must share d'):
        nearest(torch.zeros(2, 4), torch.zeros(5, 3), 1)


def test_a_tie_of_votes_goes_to_the_smallest_class():
    neighbours = Neighbours(torch.zeros(1, 4), torch.tensor([[0, 1, 2, 3]]))
    labels = torch.tensor([2, 1, 2, 1])
    assert vote(neighbours, labels).tolist() == [[1, 2, 0]]


def test_weighted_votes_are_exponentials_of_similarities():
    # Two neighbours of class 1 at 0.5 against one of class 0 at 0.9.
    values = torch.tensor([[0.9, 0.5, 0.5]], dtype=torch.float64)
    neighbours = Neighbours(values, torch.tensor([[0, 1, 2]]))
    labels = torch.tensor([0, 1, 1])

    def first(temperature):
        ranked = vote(neighbours, labels, None, 'exp', temperature)
        return ranked[0, 0].item()

    # e^(0.4/T) = 2 where T = 0.577.
    assert first(0.55) == 0
    assert first(0.60) == 1
    assert first(1e-3) == 0  # e^900 does not overflow


def test_exponential_weights_need_similarities():
    with pytest.raises(ValueError, match="distance='cosine'"):
        knn_classify(
            torch.zeros(2, 3),
            torch.zeros(5, 3),
            torch.zeros(5, dtype=torch.long),
            weights='exp',
        )


def test_a_temperature_of_zero_is_refused():
    neighbours = Neighbours(torch.zeros(1, 1), torch.tensor([[0]]))
    with pytest.raises(ValueError, match='temperature > 0'):
        vote(neighbours, torch.tensor([0]), None, 'exp', 0.0)
