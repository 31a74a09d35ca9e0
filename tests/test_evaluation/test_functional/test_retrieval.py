# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Neighbours and pairs of ORL against recorded values."""

import pytest
import torch
from golden import load_golden
from torch.nn.functional import normalize

from mmssl.evaluation.functional import (
    neighbour_label_overlap,
    retrieve_neighbours,
    top_region_pairs,
)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_neighbours_are_the_recorded_ones(dtype):
    g = load_golden('orl/image_knn.npz', 'a_')
    found = retrieve_neighbours(g['features'].to(dtype), int(g['k']))
    assert torch.equal(found, g['knn'])


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
@pytest.mark.parametrize('case', ['a', 'min1'])
def test_pairs_of_regions_are_the_authors(case, dtype):
    g = load_golden('orl/roi_pair_retrieval.npz', f'{case}_')

    def features(name):
        maps = g[f'{name}_feat_map'].to(dtype)
        return normalize(maps.mean((2, 3)))

    for k in range(int(g['n_neighbours'])):
        found = top_region_pairs(
            features('query'), features(f'key{k}'), g['ratio'].item()
        )
        boxes = torch.cat(
            [
                g['query_boxes'][found.query],
                g[f'key{k}_boxes'][found.key],
            ],
            dim=1,
        )
        assert torch.equal(boxes, g[f'pairs{k}'])


def test_a_row_is_not_its_own_neighbour_even_among_copies():
    features = torch.eye(4)[[0, 0, 0, 0, 1, 2, 3]]
    found = retrieve_neighbours(features, 2)
    own = torch.arange(7)[:, None]
    assert not (found == own).any()
    assert (found[:4] < 4).all()


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match='k=3 .* at least 4 pictures, got 3'):
        retrieve_neighbours(torch.eye(3), 3)


def test_planted_pairs_come_first_and_similarity_falls():
    generator = torch.Generator().manual_seed(0)
    query = normalize(torch.randn(40, 16, generator=generator))
    key = normalize(torch.randn(25, 16, generator=generator))
    key[[3, 17]] = query[[8, 30]]
    found = top_region_pairs(query, key, 0.1)
    assert len(found.query) == 4
    planted = set(zip(found.query[:2].tolist(), found.key[:2].tolist(),
                      strict=True))  # fmt: skip
    assert planted == {(8, 3), (30, 17)}
    assert (found.similarity.diff() <= 0).all()
    assert len(top_region_pairs(query[:5], key, 0.1).query) == 1
    assert len(top_region_pairs(query, key[:1], 1.0).query) == 40


def test_shared_classes_of_neighbours():
    features = torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    labels = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]).bool()
    # Pairs (0, 1) share one of two; 2 has the class that 3 lacks; 3 has none.
    assert neighbour_label_overlap(features, labels, 1) == (0.5 + 0.5 + 0) / 3
