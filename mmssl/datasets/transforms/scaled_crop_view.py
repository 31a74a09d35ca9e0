# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""The view of image translation: scale the whole picture, cut a square."""

import numpy as np

from mmssl.datasets.transforms.views import (
    BACKENDS,
    INTERPOLATIONS,
    _one_of,
    _pair,
    _probability,
)
from mmssl.registry import TRANSFORMS
from mmssl.structures import ViewGeometry


@TRANSFORMS.register_module()
class ScaledCropView:
    """Scale to one size without keeping the aspect, cut, perhaps mirror.

    CycleGAN's "resize and crop"; the place of the cut is uniform.

    Args:
        resize (int or tuple[int, int]): Side, or (h, w), before the cut.
        size (int or tuple[int, int]): Side, or (h, w), of the view.
        flip_prob (float): Probability of mirroring.
        interpolation (str): ``'bilinear'`` or ``'bicubic'``, antialiased.
        backend (str): ``'pillow'`` (as the authors), or ``'cv2'``.

    Raises:
        ValueError: The view is larger than the scaled picture.
    """

    def __init__(
        self,
        resize: int | tuple[int, int] = 286,
        size: int | tuple[int, int] = 256,
        flip_prob: float = 0.5,
        interpolation: str = 'bicubic',
        backend: str = 'pillow',
    ) -> None:
        self.resize = _pair('resize', resize)
        self.size = _pair('size', size)
        if self.size[0] > self.resize[0] or self.size[1] > self.resize[1]:
            raise ValueError(
                f'size must fit into resize, got size={size}, resize={resize}'
            )
        self.flip_prob = _probability('flip_prob', flip_prob)
        self.interpolation = _one_of(
            'interpolation', interpolation, INTERPOLATIONS
        )
        self.backend = _one_of('backend', backend, BACKENDS)

    def __call__(
        self, img: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, ViewGeometry]:
        """Draw and apply.

        Args:
            img (ndarray): (h, w, 3) uint8, RGB.
            rng (Generator): Three numbers are taken from it.

        Returns:
            tuple: The view, (h, w, 3) uint8, and how it was cut.
        """
        place_x, place_y, flip = rng.random(3).tolist()
        height, width = self.size
        x = int(place_x * (self.resize[1] - width + 1))
        y = int(place_y * (self.resize[0] - height + 1))
        mirrored = flip < self.flip_prob
        ops = BACKENDS[self.backend]
        work = ops.begin(img)
        if ops.size(work) != self.resize:
            work = ops.resize(work, self.resize, self.interpolation)
        work = ops.crop(work, (x, y, width, height))
        if mirrored:
            work = ops.flip(work)
        source = img.shape[:2]
        sx, sy = source[1] / self.resize[1], source[0] / self.resize[0]
        geometry = ViewGeometry(
            source,
            (x * sx, y * sy, width * sx, height * sy),
            self.size,
            mirrored,
        )
        return ops.finish(work), geometry
