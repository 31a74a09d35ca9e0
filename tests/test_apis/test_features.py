# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of a few pictures."""

import cv2
import numpy as np
import pytest
import torch
from torch.testing import assert_close

import mmssl
from mmssl.datasets.transforms import UnreadableImage
from mmssl.utils.errors import UsageError


@pytest.fixture(scope='module')
def model():
    return mmssl.get_model('simclr_tiny')


@pytest.fixture
def pictures():
    """Five pictures (32, 40, 3), RGB."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (32, 40, 3), np.uint8) for _ in range(5)]


@pytest.fixture
def files(pictures, tmp_path):
    paths = [tmp_path / f'{i}.png' for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), picture[..., ::-1])
    return paths


def tensor_of(pictures):
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def test_features_are_the_pooled_maps_of_normalised_pictures(model, pictures):
    features = mmssl.extract_features(model, pictures)
    x = (tensor_of(pictures).float() - 110) / 60
    with torch.no_grad():
        expected = model.backbone(x)[-1].mean((2, 3))
    assert features.shape == (5, 64) and features.dtype == torch.float32
    assert_close(features, expected)


def test_paths_arrays_and_tensors_give_the_same(model, pictures, files):
    expected = mmssl.extract_features(model, pictures)
    inputs = [files, [str(f) for f in files], np.stack(pictures)]
    for other in [*inputs, tensor_of(pictures)]:
        assert_close(mmssl.extract_features(model, other), expected)


def test_batches_do_not_matter(model, pictures):
    at_once = mmssl.extract_features(model, pictures)
    by_two = mmssl.extract_features(model, pictures, batch_size=2)
    assert_close(by_two, at_once)


def test_one_picture_is_a_batch_of_one(model, pictures, files):
    expected = mmssl.extract_features(model, pictures[:1])
    for one in (files[0], str(files[0]), pictures[0]):
        assert_close(mmssl.extract_features(model, one), expected)


def test_a_grey_picture_has_three_equal_channels(model, pictures):
    grey = pictures[0][..., 0]
    expected = mmssl.extract_features(model, [np.stack([grey] * 3, -1)])
    assert_close(mmssl.extract_features(model, grey), expected)


def test_a_view_brings_pictures_to_one_size(model, pictures):
    mixed = [pictures[0], pictures[1][:24, :24]]
    with pytest.raises(UsageError, match=r'\(24x24, 32x40\) need a view'):
        mmssl.extract_features(model, mixed)
    features = mmssl.extract_features(model, mixed, dict(size=24))
    middle = pictures[0][4:28, 8:32]
    expected = mmssl.extract_features(model, [middle, mixed[1]])
    assert_close(features, expected)


def test_the_stage_neck_gives_embeddings(model, pictures):
    features = mmssl.extract_features(model, pictures, stage='neck')
    assert features.shape == (5, 16)
    with pytest.raises(UsageError, match="stage must be in .*'head'"):
        mmssl.extract_features(model, pictures, stage='head')


def test_the_model_is_left_as_it_was(model, pictures):
    model.train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    mmssl.extract_features(model, pictures)
    assert model.training
    assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    model.eval()


def test_what_cannot_be_read_is_named(model, tmp_path):
    with pytest.raises(UsageError, match=r'cannot read .*no\.jpg: No such'):
        mmssl.extract_features(model, tmp_path / 'no.jpg')
    (tmp_path / 'text.jpg').write_text('text')
    with pytest.raises(UnreadableImage, match=r'text\.jpg'):
        mmssl.extract_features(model, tmp_path / 'text.jpg')
    with pytest.raises(UsageError, match='there are no inputs'):
        mmssl.extract_features(model, [])
