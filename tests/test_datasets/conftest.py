# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Photographs, and a folder of numbered pictures."""

import pytest
from numbered_pictures import NAMES, encode, number_picture

from mmssl.datasets.embedded_photos import load_photo, photo_paths


@pytest.fixture(scope='session')
def photos():
    """19 photographs, longer side 500 pixels, RGB."""
    return [load_photo(path, False, 500) for path in photo_paths()]


@pytest.fixture
def folder(tmp_path):
    """A folder of the pictures NAMES, and of what is none."""
    root = tmp_path / 'some pictures'
    for name in reversed(NAMES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(number_picture(NAMES.index(name) + 1)))
    (root / 'a/notes.txt').write_text('no picture')
    (root / 'a/.hidden.png').write_text('no picture')
    (root / '.ipynb_checkpoints').mkdir()
    (root / '.ipynb_checkpoints/1.png').write_text('no picture')
    return root
