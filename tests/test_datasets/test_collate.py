# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmssl.datasets import collate_views
from mmssl.structures import DataSample


def sample(number, *shapes):
    return dict(
        inputs=[torch.full(shape, number, dtype=torch.uint8)
                for shape in shapes],
        data_samples=DataSample(sample_idx=number),
    )  # fmt: skip


def test_view_v_of_all_samples_is_stacked():
    batch = collate_views(
        [sample(i, (3, 8, 8), (3, 4, 4), (3, 2, 5, 5)) for i in (5, 6)]
    )
    shapes = [tuple(view.shape) for view in batch['inputs']]
    assert shapes == [(2, 3, 8, 8), (2, 3, 4, 4), (2, 3, 2, 5, 5)]
    assert batch['inputs'][1].dtype == torch.uint8
    assert batch['inputs'][1][:, 0, 0, 0].tolist() == [5, 6]
    assert [s.sample_idx for s in batch['data_samples']] == [5, 6]


def test_sizes_that_differ_are_named():
    samples = [
        sample(0, (3, 8, 8), (3, 4, 4)),
        sample(1, (3, 8, 8), (3, 4, 5)),
    ]
    with pytest.raises(
        ValueError, match=r'view 1 .*\(3, 4, 4\), \(3, 4, 5\).* a size'
    ):
        collate_views(samples)


def test_numbers_of_views_that_differ_are_named():
    samples = [sample(0, (3, 8, 8)), sample(1, (3, 8, 8), (3, 8, 8))]
    with pytest.raises(ValueError, match=r'number of views: \[1, 2\]'):
        collate_views(samples)
