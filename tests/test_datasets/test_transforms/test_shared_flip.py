# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What AMDIM's views need: one flip for all, and mirrored shifts."""

import numpy as np
import pytest
from golden import load_golden

from mmssl.datasets.transforms import translate_reflect
from mmssl.registry import TRANSFORMS

VIEWS = [dict(num=2, size=12, area=(1.0, 1.0), ratio=(1.0, 1.0), flip_prob=0)]
IMG = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)


def cut(index, prob=0.5, views=VIEWS):
    results = dict(img=IMG, key=(0, 0, index))
    steps = (dict(type='MultiView', views=views),
             dict(type='FlipViews', prob=prob))  # fmt: skip
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


@pytest.mark.parametrize('number', range(4))
def test_translations_are_the_authors(number):
    g = load_golden('ssl_fewshot/translate_reflect.npz')
    dx, dy = g[f'dxdy_{number}'].tolist()
    moved = translate_reflect(g[f'in_{number}'].numpy(), dx, dy)
    assert (moved == g[f'out_{number}'].numpy()).all()


def test_all_views_are_flipped_or_none():
    flips = []
    for index in range(200):
        results = cut(index)
        assert len({g.flip for g in results['geometry']}) == 1
        flip = results['geometry'][0].flip
        for view in results['views']:
            assert (view == (IMG[:, ::-1] if flip else IMG)).all()
        flips.append(flip)
    assert 70 < sum(flips) < 130
    with pytest.raises(ValueError, match=r'in \[0, 1\]'):
        cut(0, prob=2)


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
def test_views_are_shifted_and_say_how_far(backend):
    view = dict(type='TranslatedView', size=12, flip_prob=0, backend=backend)
    places = set()
    for index in range(300):
        results = cut(index, 0, [view])
        x, y, w, h = results['geometry'][0].crop
        assert (w, h) == (12, 12)
        expected = translate_reflect(IMG, -x, -y)
        assert (results['views'][0] == expected).all()
        places.add((x, y))
    assert {x for x, _ in places} == {y for _, y in places} == {*range(-4, 5)}
    with pytest.raises(ValueError, match='shift must be >= 0'):
        TRANSFORMS.build(dict(view, shift=-1))
