# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import torch

from mmssl.structures import DataSample, ViewGeometry


def test_a_sample_of_plain_python_moves_without_a_copy():
    view = ViewGeometry((4, 4), (0, 0, 4, 4), (2, 2))
    sample = DataSample(sample_idx=3, path='a.png', label=1, views=[view])
    assert sample.to('cpu') is sample
    assert (sample.label, sample.views[0].size) == (1, (2, 2))


def test_a_sample_with_tensors_moves_them():
    sample = DataSample(sample_idx=3, feature=torch.ones(2))
    moved = sample.to(torch.float64)
    assert moved.feature.dtype == torch.float64
    assert moved.sample_idx == 3
