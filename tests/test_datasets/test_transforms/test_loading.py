# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Every kind of file becomes RGB uint8, the right way up, or an error."""

import io

import cv2
import numpy as np
import pytest
from numbered_pictures import encode
from PIL import Image

from mmssl.datasets.transforms import LoadImage, UnreadableImage

BACKENDS = ['cv2', 'pillow']


@pytest.fixture
def rgb():
    """(24, 30, 3), smooth, no two corners alike."""
    y, x = np.mgrid[:24, :30]
    return np.stack([8 * x, 10 * y, 4 * (x + y)], axis=-1).astype(np.uint8)


def decode(data, backend):
    results = dict(img_bytes=data, path='some/picture')
    return LoadImage(backend)(results)['img']


def saved(img, kind, **settings):
    """Bytes as Pillow writes them."""
    file = io.BytesIO()
    Image.fromarray(img).save(file, kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('kind', ['PNG', 'BMP', 'TIFF', 'PPM', 'WEBP'])
def test_pictures_come_back_as_rgb(rgb, kind, backend):
    settings = dict(lossless=True) if kind == 'WEBP' else {}
    img = decode(saved(rgb, kind, **settings), backend)
    assert img.dtype == np.uint8 and img.flags.c_contiguous
    assert (img == rgb).all()


@pytest.mark.parametrize('kind', ['JPEG', 'GIF', 'JPEG2000'])
def test_decoders_agree_on_lossy_pictures(rgb, kind):
    data = saved(rgb, kind)
    first, second = (decode(data, b).astype(int) for b in BACKENDS)
    assert np.abs(first - rgb).mean() < 12
    assert np.abs(first - second).max() <= 1


@pytest.mark.parametrize('backend', BACKENDS)
def test_grey_becomes_three_equal_channels(rgb, backend):
    gray = rgb[..., 2]
    expected = np.dstack([gray] * 3)
    assert (decode(encode(gray), backend) == expected).all()
    bits = np.where(gray > 128, 255, 0).astype(np.uint8)
    one_bit = io.BytesIO()
    Image.fromarray(bits).convert('1').save(one_bit, 'PNG')
    assert (decode(one_bit.getvalue(), backend)[..., 1] == bits).all()


@pytest.mark.parametrize('backend', BACKENDS)
def test_a_palette_is_looked_up(rgb, backend):
    four = (rgb // 128 * 100).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(four).quantize(16).save(file, 'PNG')
    assert (decode(file.getvalue(), backend) == four).all()


@pytest.mark.parametrize('backend', BACKENDS)
def test_alpha_is_dropped_not_blended(rgb, backend):
    alpha = np.dstack([rgb, np.full(rgb.shape[:2], 7, np.uint8)])
    assert (decode(encode(alpha), backend) == rgb).all()
    gray_alpha = saved(alpha[..., 2:], 'PNG')
    expected = np.dstack([rgb[..., 2]] * 3)
    assert (decode(gray_alpha, backend) == expected).all()


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('ending, error', [('.png', 0), ('.tif', 1)])
def test_of_16_bits_the_upper_8_are_kept(rgb, ending, error, backend):
    deep = rgb.astype(np.uint16) * 256 + 77
    img = decode(encode(deep, ending), backend).astype(int)
    assert np.abs(img - rgb).max() <= error  # OpenCV rounds those of TIFF
    img = decode(encode(deep[..., 1], ending), backend).astype(int)
    assert np.abs(img - rgb[..., 1:2]).max() <= error


UPRIGHT = {  # what a viewer does for each orientation of the EXIF standard
    1: lambda img: img,
    2: lambda img: img[:, ::-1],
    3: lambda img: img[::-1, ::-1],
    4: lambda img: img[::-1],
    5: lambda img: img.transpose(1, 0, 2),
    6: lambda img: np.rot90(img, -1),
    7: lambda img: img.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda img: np.rot90(img),
}


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('orientation', UPRIGHT)
def test_exif_orientation_is_applied(rgb, orientation, backend):
    exif = Image.Exif()
    exif[0x0112] = orientation
    settings = dict(quality=95, subsampling=0)
    img = decode(saved(rgb, 'JPEG', exif=exif, **settings), backend)
    expected = UPRIGHT[orientation](
        decode(saved(rgb, 'JPEG', **settings), backend)
    )
    assert img.shape == expected.shape
    assert np.abs(img.astype(int) - expected).mean() < 1


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('share', [0, 0.5, 0.95])
@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'GIF'])
def test_a_part_of_a_picture_is_an_error_not_a_grey_one(
    photos, kind, share, backend
):
    data = saved(photos[0][:200, :200], kind)
    with pytest.raises(UnreadableImage, match='^some/picture: ..'):
        decode(data[: int(share * len(data))], backend)


@pytest.mark.parametrize('backend', BACKENDS)
@pytest.mark.parametrize('data', [b'no picture', b'\0' * 999, b'\xff\xd8\xff'])
def test_what_is_no_picture_is_named(data, backend):
    with pytest.raises(UnreadableImage) as error:
        decode(data, backend)
    assert str(error.value).startswith('some/picture: ')
    assert 'BytesIO' not in str(error.value)


def test_a_picture_of_absurd_size_is_unreadable(monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 10)
    with pytest.raises(UnreadableImage, match='decompression bomb'):
        decode(encode(np.zeros((9, 9), np.uint8)), 'pillow')


def test_a_thumbnail_inside_a_truncated_jpeg_does_not_hide_it(photos):
    thumbnail = saved(photos[0][:32, :32], 'JPEG')
    exif = b'Exif\0\0' + thumbnail
    data = saved(photos[0][:200, :200], 'JPEG', exif=exif)
    assert decode(data, 'cv2').shape == (200, 200, 3)
    with pytest.raises(UnreadableImage, match='truncated JPEG'):
        decode(data[: len(data) // 2], 'cv2')


@pytest.mark.parametrize('channels', [None, 1, 3, 4])
def test_arrays_become_rgb_too(rgb, channels):
    shape = rgb.shape[:2] if channels is None else (*rgb.shape[:2], channels)
    img = np.resize(rgb, shape)
    loaded = LoadImage()(dict(img=img))['img']
    assert loaded.shape == rgb.shape and loaded.flags.c_contiguous
    expected = img[..., :3] if channels in (3, 4) else img.reshape(24, 30, 1)
    assert (loaded == expected).all()


def test_an_unknown_backend_is_refused():
    with pytest.raises(ValueError, match=r"\['cv2', 'pillow'\], got 'turbo'"):
        LoadImage('turbo')


def test_the_file_is_not_kept_beside_its_picture(rgb):
    results = LoadImage()(dict(img_bytes=encode(rgb), label=3))
    assert set(results) == {'img', 'label'}
    assert (cv2.cvtColor(results['img'], cv2.COLOR_RGB2BGR) ==
            rgb[..., ::-1]).all()  # fmt: skip
