# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Small shifts with mirrored borders, AMDIM's crop of CIFAR pictures."""

from types import ModuleType

import numpy as np

from mmssl.datasets.transforms.views import RandomView, ViewParams
from mmssl.registry import TRANSFORMS


def translate_reflect(img: np.ndarray, dx: int, dy: int) -> np.ndarray:
    """Move a picture right by dx and down by dy, mirrored at the border.

    Args:
        img (ndarray): (h, w, ...); the border line is not repeated.
        dx (int): Pixels, |dx| < w.
        dy (int): Pixels, |dy| < h.

    Returns:
        ndarray: The same shape.
    """
    height, width = img.shape[:2]
    border = [(abs(dy), abs(dy)), (abs(dx), abs(dx))]
    padded = np.pad(img, border + [(0, 0)] * (img.ndim - 2), mode='reflect')
    y, x = abs(dy) - dy, abs(dx) - dx
    return padded[y : y + height, x : x + width]


@TRANSFORMS.register_module()
class TranslatedView(RandomView):
    """:class:`RandomView` whose crop is a shift of the whole picture.

    Its crop may reach over the border, where the picture is mirrored.

    Args:
        size (int or tuple[int, int]): Side, or (h, w), of the view; a
            picture of another size is scaled after the shift.
        shift (int): Largest shift on each axis, pixels.
        shift_prob (float): Probability of shifting at all.
        **kwargs: See :class:`RandomView`; ``area`` and ``ratio`` have no
            meaning here.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        shift: int = 4,
        shift_prob: float = 0.8,
        **kwargs,
    ) -> None:
        super().__init__(size, **kwargs)
        if shift < 0 or not 0 <= shift_prob <= 1:
            raise ValueError(
                'shift must be >= 0 and shift_prob in [0, 1], got '
                f'shift={shift}, shift_prob={shift_prob}'
            )
        self.shift = shift
        self.shift_prob = shift_prob

    def _draw_crop(
        self,
        tries: list[float],
        place: tuple[float, float],
        source_size: tuple[int, int],
    ) -> tuple[int, int, int, int]:
        height, width = source_size
        if tries[0] >= self.shift_prob:
            return 0, 0, width, height
        dx, dy = (
            int(number * (2 * self.shift + 1)) - self.shift for number in place
        )
        return -dx, -dy, width, height

    def _apply_crop(self, ops: ModuleType, img, params: ViewParams):
        x, y, *_ = params.crop
        moved = translate_reflect(ops.finish(img), -x, -y)
        work = ops.begin(np.ascontiguousarray(moved))
        if moved.shape[:2] == self.size:
            return work
        return ops.resize(work, self.size, self.interpolation)
