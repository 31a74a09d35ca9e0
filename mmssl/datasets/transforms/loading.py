# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Decoding a picture to RGB uint8."""

import io

import cv2
import numpy as np
from PIL import Image, ImageOps

from mmssl.registry import TRANSFORMS


class UnreadableImage(Exception):
    """A picture that cannot be read; the message names file and reason."""


@TRANSFORMS.register_module()
class LoadImage:
    """Decode ``img_bytes`` to ``img``: (h, w, 3) uint8, RGB.

    EXIF orientation is applied, grey becomes three equal channels, an alpha
    channel is dropped, 16 bits are cut to their upper 8.  Where the dataset
    holds arrays it has set ``img`` already; a grey one gets its channels.

    Args:
        backend (str): ``'cv2'`` or ``'pillow'``.

    Raises:
        UnreadableImage: Not a picture, truncated, of a kind that the backend
            does not know.
    """

    def __init__(self, backend: str = 'cv2') -> None:
        if backend not in _DECODERS:
            raise ValueError(
                f'backend must be one of {sorted(_DECODERS)}, got {backend!r}'
            )
        self.backend = backend

    def __call__(self, results: dict) -> dict:
        data = results.pop('img_bytes', None)
        if data is None:
            results['img'] = _three_channels(results['img'])
            return results
        try:
            results['img'] = _DECODERS[self.backend](data)
        except (OSError, ValueError, SyntaxError, cv2.error) as error:
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
    """
    with Image.open(io.BytesIO(data)) as opened:
        img = ImageOps.exif_transpose(opened)
        if img.mode.startswith('I'):  # Pillow would clip 16 bits at 255
            img = Image.fromarray((np.asarray(img) >> 8).astype(np.uint8))
        return np.array(img.convert('RGB'))


_DECODERS = dict(cv2=decode_cv2, pillow=decode_pillow)


def _three_channels(img: np.ndarray) -> np.ndarray:
    if img.ndim == 2 or img.shape[2] == 1:
        return cv2.cvtColor(img, cv2.COLOR_GRAY2RGB)
    return img
