# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
import importlib.util

import numpy as np
import pytest
from numbered_pictures import WHOLE

from mmssl.datasets import EmbeddedPhotos
from mmssl.datasets.embedded_photos import PHOTOS, cut_patches, photo_paths
from mmssl.utils.errors import UsageError


def test_a_photograph_is_a_class_and_patches_are_fixed():
    first = EmbeddedPhotos(per_class=3, views=WHOLE)
    again = EmbeddedPhotos(per_class=3, views=WHOLE)
    assert len(first) == 19 * 3
    assert len(set(first.metainfo['classes'])) == 19
    assert first.labels.tolist() == [c for c in range(19) for _ in range(3)]
    assert first[0]['inputs'][0].shape == (3, 48, 48)
    assert (first[7]['inputs'][0] == again[7]['inputs'][0]).all()


@pytest.mark.parametrize('shape', [(60, 200), (200, 60)])
def test_no_pixel_is_in_both_splits(shape):
    photo = np.arange(shape[0] * shape[1]).reshape(shape)
    train = cut_patches(photo, 'train', 16, 300, 0)
    test = cut_patches(photo, 'test', 16, 300, 0)
    assert not np.isin(train, test).any()
    assert len(np.unique(train)) > 0.6 * photo.size
    with pytest.raises(ValueError, match='patch_size must be <= 60, got 61'):
        cut_patches(photo, 'train', 61, 1, 0)


def test_a_package_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UsageError, match='pip install scikit-image'):
        photo_paths()


def test_a_package_without_its_photographs_is_named(monkeypatch):
    other = ('scikit-image', 'data', 'nothing.png')
    monkeypatch.setitem(PHOTOS, 'skimage', other)
    with pytest.raises(UsageError, match='nothing.png not found'):
        photo_paths()


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"\['train', 'test'\], got 'val'"):
        EmbeddedPhotos(split='val', views=WHOLE)
