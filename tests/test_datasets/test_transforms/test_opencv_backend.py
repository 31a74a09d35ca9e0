# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""OpenCV's pixels against Pillow's, operation by operation, on photographs.

The limits are what was measured; no mean may be above one grey level.
"""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import functional as F

from mmssl.datasets.transforms import opencv_backend as ours
from mmssl.datasets.transforms import pillow_backend as theirs


@pytest.fixture(scope='module')
def pictures(photos):
    """19 photographs of 224 pixels."""
    return [ours.resize(photo, (224, 224), 'bilinear') for photo in photos]


def differences(name, pictures, *settings):
    """Mean over all pictures, and the largest, in grey levels."""
    all_ours, all_theirs = [], []
    for picture in pictures:
        before = picture.copy()
        result = getattr(ours, name)(picture, *settings)
        assert (picture == before).all() and result.dtype == np.uint8
        all_ours.append(result.ravel())
        reference = getattr(theirs, name)(theirs.begin(picture), *settings)
        all_theirs.append(theirs.finish(reference).ravel())
    error = np.abs(np.concatenate(all_ours).astype(int) -
                   np.concatenate(all_theirs))  # fmt: skip
    return error.mean(), error.max()


@pytest.mark.parametrize(
    'name, values, mean, largest',
    [
        ('brightness', (0.0, 0.2, 0.6, 1.0, 1.37, 1.8), 0, 0),
        ('contrast', (0.0, 0.2, 0.6, 1.0, 1.37, 1.8), 0.01, 1),
        ('saturation', (0.0, 0.2, 0.6, 1.0, 1.37, 1.8), 0.06, 1),
        ('hue', (-0.5, -0.2, -0.01, 0.0, 0.1, 0.4), 0.35, 12),
        ('blur', (0.1, 0.3, 0.5, 0.8, 1.3, 2.0, 5.0), 0.4, 4),
    ],
)
def test_an_operation_with_a_number(pictures, name, values, mean, largest):
    for value in values:
        found = differences(name, pictures, value)
        assert found[0] <= mean and found[1] <= largest, (value, found)


@pytest.mark.parametrize(
    'name, mean, largest',
    [('gray', 0.001, 1), ('flip', 0, 0), ('solarize', 0, 0)],
)
def test_an_operation_without_a_number(pictures, name, mean, largest):
    found = differences(name, pictures)
    assert found[0] <= mean and found[1] <= largest, found


@pytest.mark.parametrize(
    'interpolation, largest', [('bilinear', 1), ('bicubic', 4)]
)
@pytest.mark.parametrize(
    'size', [(224, 224), (96, 50), (32, 32), (7, 300), (500, 500)]
)
def test_resizing_is_antialiased_as_pillows(
    photos, size, interpolation, largest
):
    rng = np.random.default_rng(0)
    for photo in photos:
        h, w = rng.integers(8, photo.shape[0]), rng.integers(8, 400)
        cut = photo[:h, 5 : w + 5]
        result = ours.resize(cut, size, interpolation)
        # Anything else would be copied by every call that follows.
        assert result.flags.c_contiguous
        reference = theirs.resize(theirs.begin(cut), size, interpolation)
        error = np.abs(result.astype(int) - theirs.finish(reference))
        assert error.mean() <= 0.35 and error.max() <= largest


@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic'])
def test_small_pictures_are_resized_as_large_ones(photos, interpolation):
    """Up to 40 pixels matrices do it; they round once, Pillow twice."""
    rng = np.random.default_rng(1)
    for photo in photos:
        h, w, height, width = rng.integers(1, 41, 4)
        cut = photo[:h, :w]
        result = ours.resize(cut, (height, width), interpolation)
        reference = theirs.resize(
            theirs.begin(cut), (height, width), interpolation
        )
        error = np.abs(result.astype(int) - theirs.finish(reference))
        assert error.max() <= 1


def test_thin_stripes_do_not_alias():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    result = ours.resize(stripes, (32, 32), 'bilinear')[:, 2:-2]
    assert np.ptp(result) <= 1 and abs(result.mean() - 127.5) <= 1


def test_a_resize_to_the_same_size_changes_nothing(photos):
    size = photos[0].shape[:2]
    assert ours.resize(photos[0], size, 'bicubic') is photos[0]


@pytest.mark.parametrize('sigma', [0.1, 0.3, 0.77, 1.0, 1.9, 4.0, 9.0])
def test_three_boxes_spread_by_sigma(sigma):
    kernel = ours.box_kernel(sigma)
    assert kernel.sum() == 1 and (kernel >= 0).all()
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert 3 * (kernel * places**2).sum() == pytest.approx(
        sigma**2, rel=0.06, abs=0.02
    )


def test_the_blur_keeps_the_brightness(pictures):
    for sigma in (0.2, 0.7, 1.4, 2.0):
        for picture in pictures:
            blurred = ours.blur(picture, sigma)
            assert abs(blurred.mean() - picture.mean()) < 0.3


@pytest.mark.parametrize(
    'name, adjust, factor',
    [
        ('brightness', F.adjust_brightness, 1.3),
        ('contrast', F.adjust_contrast, 0.4),
        ('saturation', F.adjust_saturation, 1.7),
        ('hue', F.adjust_hue, -0.2),
    ],
)
def test_the_reference_is_what_torchvision_does(
    pictures, name, adjust, factor
):
    for picture in pictures[:5]:
        img = Image.fromarray(picture)
        result = getattr(theirs, name)(img, factor)
        assert (np.array(result) == np.array(adjust(img, factor))).all()
