# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Masks of object numbers as files."""

import numpy as np
import pytest
from PIL import Image

from mmssl.utils.errors import UsageError
from mmssl.utils.id_maps import object_palette, read_id_map, write_id_map


def test_the_palette_is_that_of_pascal_and_davis():
    palette = object_palette()
    assert palette.shape == (256, 3) and palette.dtype == np.uint8
    assert palette[:4].tolist() == [
        [0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0],
    ]  # fmt: skip
    assert palette[8].tolist() == [64, 0, 0]
    assert palette[22].tolist() == [0, 192, 128]  # 0b10110
    assert palette[255].tolist() == [224, 224, 192]
    assert len({tuple(colour) for colour in palette.tolist()}) == 256
    assert (object_palette(5) == palette[:5]).all()


@pytest.mark.parametrize('dtype', [np.uint8, np.int64, bool])
def test_numbers_survive_the_file(tmp_path, dtype):
    ids = np.arange(256).reshape(16, 16).astype(dtype)
    path = tmp_path / 'sequence' / '00000.png'
    write_id_map(path, ids)
    found = read_id_map(path)
    assert found.dtype == np.uint8 and (found == ids).all()
    with Image.open(path) as image:
        assert image.mode == 'P'
        palette = image.getpalette()
    assert palette == object_palette().ravel().tolist()


def test_a_grey_png_holds_numbers_too(tmp_path):
    ids = np.array([[0, 3], [1, 2]], np.uint8)
    Image.fromarray(ids).save(tmp_path / 'grey.png')
    assert (read_id_map(tmp_path / 'grey.png') == ids).all()


@pytest.mark.parametrize(
    'pixels, mode',
    [
        (np.zeros((4, 4, 3), np.uint8), 'RGB'),
        (np.zeros((4, 4, 4), np.uint8), 'RGBA'),
        (np.zeros((4, 4), np.uint16), 'I;16'),
        (np.zeros((4, 4), bool), '1'),
    ],
)
def test_pixels_that_are_no_numbers(tmp_path, pixels, mode):
    Image.fromarray(pixels).save(tmp_path / 'mask.png')
    with pytest.raises(UsageError, match=rf'mask.png has .* mode {mode},'):
        read_id_map(tmp_path / 'mask.png')


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(UsageError, match='not found: .*absent.png'):
        read_id_map(tmp_path / 'absent.png')
    (tmp_path / 'text.png').write_text('no picture')
    with pytest.raises(UsageError, match='text.png is no readable picture'):
        read_id_map(tmp_path / 'text.png')
    write_id_map(tmp_path / 'cut.png', np.random.RandomState(0).randint(
        256, size=(99, 99)))  # fmt: skip
    content = (tmp_path / 'cut.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(content[: len(content) // 2])
    with pytest.raises(UsageError, match='cut.png is no readable picture'):
        read_id_map(tmp_path / 'cut.png')


@pytest.mark.parametrize(
    'ids, message',
    [
        (np.full((2, 2), 256), r'numbers in \[0, 255\], got \[256, 256\]'),
        (np.full((2, 2), -1), r'got \[-1, -1\]'),
        (np.zeros((2, 2)), 'float64'),
        (np.zeros((1, 2, 2), int), r'shape \(1, 2, 2\)'),
    ],
)
def test_numbers_that_no_file_can_hold(tmp_path, ids, message):
    with pytest.raises(ValueError, match=message):
        write_id_map(tmp_path / 'mask.png', ids)
    assert not list(tmp_path.iterdir())
