# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Lists of names and labels: small in memory, told apart, sorted."""

import pickle

import numpy as np
import pytest

from mmssl.datasets.sources import (
    ArraySource,
    Buffers,
    FileSource,
    is_image,
    read_list,
)


def test_names_are_kept_in_buffers_not_in_objects():
    names = [f'class {i % 100}/picture {i:06d}.jpg' for i in range(20_000)]
    source = FileSource('root', names, [i % 100 for i in range(20_000)])
    for value in vars(source).values():
        assert not isinstance(value, list | tuple | dict) or len(value) < 10
    # Bytes of the names, and eight each for an offset and a label.
    assert len(pickle.dumps(source)) < 20_000 * (27 + 16) + 2000
    assert source.name(12_345) == f'root/{names[12_345]}'
    assert source.labels.dtype == np.int64


def test_names_of_any_bytes_come_back():
    names = ['ö.jpg', 'a\udcff.jpg', '中.png', '']
    source = FileSource('root', names)
    assert [source.name(i) for i in range(4)] == [f'root/{n}' for n in names]


def test_byte_strings_are_packed_and_cut():
    packed = Buffers.pack([b'one', b'', b'three'])
    assert list(packed) == [b'one', b'', b'three']
    assert list(Buffers.pack([])) == []
    with pytest.raises(ValueError, match='rise from 0 to 3'):
        Buffers(packed.data[:3], np.array([0, 2]))


def test_an_array_is_copied_before_a_view_may_write():
    images = np.zeros((2, 4, 4), np.uint8)
    source = ArraySource(images, 'memory')
    source.read(1)[:] = 9
    assert images.max() == 0
    assert source.name(1) == 'memory#1'


@pytest.mark.parametrize(
    'name, expected',
    [
        ('a.jpg', True), ('b/c.JPEG', True), ('b/c.webp', True),
        ('a.b/c.txt', False), ('jpg', False), ('.a.jpg', False),
        ('.cache/a.jpg', False), ('__MACOSX/a.jpg', False),
        ('./a.jpg', True), ('a.jpg/', False),
    ],
)  # fmt: skip
def test_pictures_are_told_by_their_ending(name, expected):
    assert is_image(name) == expected


def test_a_list_of_windows_is_read(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_bytes('\ufeffa b.jpg 3\r\nö.jpg 4\r\n'.encode())
    assert read_list(path) == (['a b.jpg', 'ö.jpg'], [3, 4])
