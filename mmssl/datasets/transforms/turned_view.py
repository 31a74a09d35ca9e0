# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM's view: turn a little, scale, cut a square, change the colours."""

import cv2
import numpy as np

from mmssl.datasets.transforms.views import (
    RandomView,
    _one_of,
    _pair,
    backend_of,
)
from mmssl.registry import TRANSFORMS
from mmssl.structures import ViewGeometry, short_edge_size

JITTERS = ('last', 'all')


def turn(img: np.ndarray, degrees: float) -> np.ndarray:
    """Turn a picture or every frame of a clip; nearest, black corners.

    Args:
        img (ndarray): (h, w, 3) or (t, h, w, 3) uint8.
        degrees (float): Counter-clockwise.
    """
    height, width = img.shape[-3:-1]
    centre = ((width - 1) / 2, (height - 1) / 2)
    matrix = cv2.getRotationMatrix2D(centre, degrees, 1.0)
    turned = [
        cv2.warpAffine(frame, matrix, (width, height), flags=cv2.INTER_NEAREST)
        for frame in np.ascontiguousarray(img).reshape(-1, height, width, 3)
    ]
    return np.stack(turned).reshape(img.shape)


@TRANSFORMS.register_module()
class TurnedView(RandomView):
    """A random square of the turned and scaled picture or clip.

    The record of the view says where the square lay, not how far the
    picture was turned.

    Args:
        size (int or tuple[int, int]): Side, or (h, w), of the view.
        resize (int): Shorter side before the cut, pixels.
        degrees (float): Turned by an angle in [-degrees, degrees].
        jitter_mode (str): 'last': of the colour changes, in random order,
            only the last takes effect, as in the authors' code, whose
            ranges are tuned to it; 'all' of them do.
        **kwargs: ``jitter`` and other colours of :class:`RandomView`;
            ``area`` and ``ratio`` have no meaning here.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        size: int | tuple[int, int] = 224,
        resize: int = 256,
        degrees: float = 10.0,
        jitter_mode: str = 'last',
        **kwargs,
    ) -> None:
        kwargs.setdefault('flip_prob', 0.0)
        super().__init__(size, **kwargs)
        if resize < max(self.size) or degrees < 0:
            raise ValueError(
                'resize must be >= size and degrees >= 0, got '
                f'resize={resize}, size={size}, degrees={degrees}'
            )
        self.resize = _pair('resize', resize)[0]
        self.degrees = degrees
        self.jitter_mode = _one_of('jitter_mode', jitter_mode, JITTERS)

    def __call__(
        self, img: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, ViewGeometry]:
        """Draw and apply.

        Args:
            img (ndarray): (h, w, 3) or (t, h, w, 3) uint8, RGB.
            rng (Generator): The generator of this view alone.

        Returns:
            tuple: The view, as many dimensions, and how it was cut.
        """
        source = img.shape[-3:-1]
        angle, place_x, place_y = rng.random(3).tolist()
        height, width = self.size
        resized = short_edge_size(source, self.resize)
        x = int(place_x * (resized[1] - width + 1))
        y = int(place_y * (resized[0] - height + 1))
        params = self.draw(rng, source)._replace(crop=(x, y, width, height))
        if self.jitter_mode == 'last':
            params = params._replace(jitter=params.jitter[-1:])
        if self.degrees:
            img = turn(img, (2 * angle - 1) * self.degrees)
        ops = backend_of(img, self.backend)
        scaled = ops.resize(
            ops.begin(img), resized, self.interpolation, self.antialias
        )
        sx, sy = source[1] / resized[1], source[0] / resized[0]
        geometry = ViewGeometry(
            source,
            (x * sx, y * sy, width * sx, height * sy),
            self.size,
            params.flip,
        )
        return self.apply(ops.finish(scaled), params), geometry
