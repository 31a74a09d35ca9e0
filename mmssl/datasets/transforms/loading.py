# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Decoding a picture to RGB uint8."""

import io
import struct

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmssl.registry import TRANSFORMS
from mmssl.utils.errors import UsageError


class UnreadableSample(Exception):
    """A file that cannot be read; the message names file and reason."""


class UnreadableImage(UnreadableSample):
    """A picture that cannot be read."""


class DataError(UsageError):
    """A mistake in the data, raised where samples are loaded."""

    def __init__(self, message: str) -> None:
        # A DataLoader rebuilds a worker's error around its traceback.
        name = f'{type(self).__name__}: '
        super().__init__(message.rpartition(name)[2].strip())


@TRANSFORMS.register_module()
class LoadImage:
    """Decode ``img_bytes`` to ``img``: (h, w, 3) uint8, RGB.

    EXIF orientation is applied, grey becomes three equal channels, an alpha
    channel is dropped, 16 bits are cut to their upper 8.  Where the dataset
    holds uint8 arrays it has set ``img`` already; (h, w) or (h, w, c) with
    c = 1, 3 or 4 becomes (h, w, 3) in the same way.

    Args:
        backend (str): ``'cv2'`` or ``'pillow'``.

    Raises:
        UnreadableImage: Not a picture, truncated, of a kind that the backend
            does not know; an array of another shape or type.
    """

    def __init__(self, backend: str = 'cv2') -> None:
        if backend not in _DECODERS:
            raise ValueError(
                f'backend must be one of {sorted(_DECODERS)}, got {backend!r}'
            )
        self.backend = backend

    def __call__(self, results: dict) -> dict:
        data = results.pop('img_bytes', None)
        try:
            if data is None:
                results['img'] = _three_channels(results['img'])
            else:
                results['img'] = _DECODERS[self.backend](data)
        except _DECODING_ERRORS as error:
            raise UnreadableImage(
                f'{results.get("path", "image")}: {error}'
            ) from error
        return results


def decode_cv2(data: bytes) -> np.ndarray:
    """Decode with OpenCV.

    Raises:
        ValueError: With the reason.
    """
    if not data:
        raise ValueError('empty file')
    # Older libjpeg fills what is missing with grey and only warns.
    if data[:2] == b'\xff\xd8' and data.rfind(b'\xff\xd9') < data.rfind(
        b'\xff\xda'
    ):
        raise ValueError('truncated JPEG')
    img = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if img is None:
        raise ValueError('OpenCV cannot decode it (broken, or not a picture)')
    return cv2.cvtColor(img, cv2.COLOR_BGR2RGB, dst=img)


def decode_pillow(data: bytes) -> np.ndarray:
    """Decode with Pillow.

    Raises:
        OSError: With the reason.
        ValueError: Not a picture.
    """
    try:
        opened = Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:  # its message names the buffer
        raise ValueError('Pillow cannot decode it') from error
    with opened as img:
        ImageOps.exif_transpose(img, in_place=True)
        if img.mode.startswith('I'):  # Pillow would clip 16 bits at 255
            img = Image.fromarray((np.asarray(img) >> 8).astype(np.uint8))
        return np.array(img.convert('RGB'))


_DECODERS = dict(cv2=decode_cv2, pillow=decode_pillow)
# What broken bytes make the decoders raise.
_DECODING_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    struct.error,
    cv2.error,
    Image.DecompressionBombError,
)


def _three_channels(img: np.ndarray) -> np.ndarray:
    channels = 1 if img.ndim == 2 else img.shape[-1]
    if img.dtype != np.uint8 or img.ndim > 3 or channels not in (1, 3, 4):
        raise ValueError(
            'an array must be (h, w) or (h, w, 1 | 3 | 4) uint8, got '
            f'{img.shape} {img.dtype}'
        )
    if channels == 1:
        return cv2.cvtColor(img, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(img[..., :3])
