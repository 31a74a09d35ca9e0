# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Object masks as files: 8-bit PNGs whose pixel values are object numbers."""

import os

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

BITS = 8


def object_palette(count: int = 256) -> np.ndarray:
    """Colours of PASCAL VOC and DAVIS for the numbers 0 to count - 1.

    The bits of a number go to red, green and blue in turn, and fill each
    from its highest bit down: 0 black, 1 dark red, 2 dark green.

    Args:
        count (int): In [1, 256].

    Returns:
        np.ndarray: (count, 3) uint8 RGB.
    """
    bits = np.arange(count)[:, None] >> np.arange(3 * BITS) & 1
    bits = bits.reshape(count, BITS, 3)  # 3 i + c: bit 7 - i of channel c
    place = 7 - np.arange(BITS)
    return (bits << place[:, None]).sum(1).astype(np.uint8)


def read_id_map(path: str | os.PathLike) -> np.ndarray:
    """Object numbers of a palette (or 8-bit grey) PNG, (h, w) uint8.

    Raises:
        UsageError: No such file, unreadable, or its pixels are colours or
            16-bit numbers, from which object numbers cannot be told.
    """
    try:
        with Image.open(path) as image:
            if image.mode not in ('P', 'L'):
                raise UsageError(
                    f'{path} has pixels of mode {image.mode}, not object '
                    'numbers; save masks as 8-bit palette PNG, for example '
                    'with mmssl.utils.id_maps.write_id_map'
                )
            return np.array(image)
    except FileNotFoundError as error:
        raise UsageError(f'mask not found: {path}') from error
    except (OSError, SyntaxError, UnidentifiedImageError) as error:
        raise UsageError(f'{path} is no readable picture: {error}') from error


def write_id_map(path: str | os.PathLike, ids: np.ndarray) -> None:
    """Write object numbers as a palette PNG in DAVIS's colours, atomically.

    Args:
        path (str or PathLike): Ends with .png.
        ids (np.ndarray): (h, w) whole numbers in [0, 255].

    Raises:
        ValueError: Another shape, or numbers that do not fit.
    """
    ids = np.asarray(ids)
    if ids.ndim != 2 or ids.dtype.kind not in 'uib':
        raise ValueError(
            'object numbers must be (h, w) integers, got shape '
            f'{ids.shape} of {ids.dtype}'
        )
    if ids.size and not 0 <= ids.min() <= ids.max() <= 255:
        raise ValueError(
            'a palette PNG holds numbers in [0, 255], got '
            f'[{ids.min()}, {ids.max()}]'
        )
    image = Image.fromarray(np.ascontiguousarray(ids, dtype=np.uint8))
    image.putpalette(object_palette().tobytes())
    with atomic_path(path) as temporary:
        image.save(temporary, format='PNG')
