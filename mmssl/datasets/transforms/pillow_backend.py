# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pixel operations of a view by Pillow, as torchvision calls them.

The slow reference: ``backend='pillow'`` where a method asks for exactly
these, and in tests.  Operations take and return RGB PIL images.
"""

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

_INTERPOLATIONS = dict(
    bilinear=Image.Resampling.BILINEAR, bicubic=Image.Resampling.BICUBIC
)


def begin(img: np.ndarray) -> Image.Image:
    """From an array to what the operations work on."""
    return Image.fromarray(img)


def finish(img: Image.Image) -> np.ndarray:
    """Back to an array of its own."""
    return np.array(img)


def size(img: Image.Image) -> tuple[int, int]:
    """(h, w)."""
    return img.size[::-1]


def crop(img: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Cut out (x, y, w, h)."""
    x, y, w, h = box
    return img.crop((x, y, x + w, y + h))


def resize(
    img: Image.Image,
    size: tuple[int, int],
    interpolation: str,
    antialias: bool = True,
) -> Image.Image:
    """Resize to (h, w); Pillow knows the antialiased way alone."""
    return img.resize(size[::-1], _INTERPOLATIONS[interpolation])


def flip(img: Image.Image) -> Image.Image:
    """Mirror left to right."""
    return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def brightness(img: Image.Image, factor: float) -> Image.Image:
    """factor * x."""
    return ImageEnhance.Brightness(img).enhance(factor)


def contrast(img: Image.Image, factor: float) -> Image.Image:
    """Away from the mean grey of the picture."""
    return ImageEnhance.Contrast(img).enhance(factor)


def saturation(img: Image.Image, factor: float) -> Image.Image:
    """Away from each pixel's grey."""
    return ImageEnhance.Color(img).enhance(factor)


def hue(img: Image.Image, shift: float) -> Image.Image:
    """Turn the hue by ``shift`` of the circle, in 256 steps."""
    h, s, v = img.convert('HSV').split()
    turned = np.array(h)
    turned += np.uint8(int(shift * 255) % 256)
    merged = Image.merge('HSV', (Image.fromarray(turned), s, v))
    return merged.convert('RGB')


def gray(img: Image.Image) -> Image.Image:
    """Luma in all three channels."""
    luma = img.convert('L')
    return Image.merge('RGB', (luma, luma, luma))


def blur(img: Image.Image, sigma: float) -> Image.Image:
    """Gaussian blur."""
    return img.filter(ImageFilter.GaussianBlur(sigma))


def solarize(img: Image.Image) -> Image.Image:
    """255 - x where x >= 128."""
    return ImageOps.solarize(img, 128)
