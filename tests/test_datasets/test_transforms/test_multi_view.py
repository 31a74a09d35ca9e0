# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmssl.datasets.transforms import MultiView, PackViews, view_rng
from mmssl.structures import ViewGeometry

VIEWS = [dict(num=2, size=8), dict(type='CenterView', size=(6, 4))]


@pytest.fixture
def img():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3))
    return pixels.astype(np.uint8)


def test_views_come_in_the_order_of_their_configs(img):
    results = MultiView(VIEWS)(dict(img=img, key=(0, 0, 0)))
    assert [v.shape for v in results['views']] == [
        (8, 8, 3), (8, 8, 3), (6, 4, 3),
    ]  # fmt: skip
    assert [g.size for g in results['geometry']] == [(8, 8), (8, 8), (6, 4)]
    assert results['geometry'][0].crop != results['geometry'][1].crop


def test_a_view_depends_on_its_key_and_number_alone(img):
    def crops(key, views):
        results = MultiView(views)(dict(img=img, key=key))
        return [g.crop for g in results['geometry']]

    assert crops((1, 2, 3), VIEWS) == crops((1, 2, 3), VIEWS)
    # What the views before it are does not matter.
    other = [dict(size=9, blur_prob=1.0), dict(size=8)]
    assert crops((1, 2, 3), VIEWS)[1] == crops((1, 2, 3), other)[1]
    keys = [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4)]
    assert len({crop for key in keys for crop in crops(key, VIEWS)[:2]}) == 8


def test_keys_give_independent_generators():
    first = [view_rng((0, 0, i), v).random() for i in range(50)
             for v in range(20)]  # fmt: skip
    assert len(set(first)) == 1000
    assert abs(np.mean(first) - 0.5) < 4 / np.sqrt(12 * 1000)


def test_without_a_key_torch_decides(img):
    transform = MultiView([dict(size=8)])

    def crop():
        return transform(dict(img=img))['geometry'][0].crop

    torch.manual_seed(5)
    crops = [crop(), crop()]
    torch.manual_seed(5)
    assert [crop(), crop()] == crops and crops[0] != crops[1]


def test_packing_puts_channels_first_and_keeps_the_facts(img):
    geometry = [ViewGeometry((40, 50), (0, 0, 50, 40), (40, 50))]
    sample = PackViews(keys=('boxes', 'absent'))(
        dict(views=[img], geometry=geometry, sample_idx=3, path='a.png',
             label=2, boxes=[1], other=0)
    )  # fmt: skip
    (view,) = sample['inputs']
    assert view.dtype == torch.uint8 and view.is_contiguous()
    assert (view.numpy().transpose(1, 2, 0) == img).all()
    facts = sample['data_samples']
    assert facts.views == geometry
    assert (facts.sample_idx, facts.path, facts.label) == (3, 'a.png', 2)
    assert facts.boxes == [1]
    assert 'other' not in facts and 'absent' not in facts
