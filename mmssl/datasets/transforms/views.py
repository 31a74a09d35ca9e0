# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One view of a picture or a clip: numbers are drawn, then applied.

A view transform maps ``(img, rng)`` to ``(view, ViewGeometry)``.  What is
random is drawn first, a fixed number of draws whatever the settings, so that
both backends, and many frames of one clip, can apply the same numbers.
Pictures are (h, w, 3), clips (t, h, w, 3).
"""

import math
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

from mmssl.datasets.transforms import (
    clip_backend,
    opencv_backend,
    pillow_backend,
)
from mmssl.registry import TRANSFORMS
from mmssl.structures import ViewGeometry

BACKENDS = dict(cv2=opencv_backend, pillow=pillow_backend)
INTERPOLATIONS = ('bilinear', 'bicubic')
ORDER = ('crop', 'flip', 'jitter', 'gray', 'blur', 'solarize')
JITTER = ('brightness', 'contrast', 'saturation', 'hue')
TRIES = 10


class ViewParams(NamedTuple):
    """All that was drawn for one view.

    Attributes:
        crop (tuple[int, int, int, int]): (x, y, w, h), pixels of the
            picture.
        flip (bool): Mirror left to right.
        jitter (tuple[tuple[str, float], ...]): Colour operations with their
            factors (hue: share of the circle), in the order of application.
        gray (bool): Drop the colour.
        blur (float or None): Standard deviation, pixels of the view; with
            ``blur_factors`` the factor by which it is shrunk.
        solarize (bool): Invert what is 128 and above.
    """

    crop: tuple[int, int, int, int]
    flip: bool
    jitter: tuple[tuple[str, float], ...]
    gray: bool
    blur: float | None
    solarize: bool


@TRANSFORMS.register_module()
class RandomView:
    """A randomly cut, mirrored and coloured view; torchvision's semantics.

    Args:
        size (int or tuple[int, int]): Side, or (h, w), of the view, pixels.
        area (tuple[float, float]): Range of the crop's share of the
            picture's area, in (0, 1].
        ratio (tuple[float, float]): Range of the crop's width / height,
            drawn evenly in its logarithm.
        log_ratio (bool): False draws the ratio itself evenly (CMD).
        interpolation (str): ``'bilinear'`` or ``'bicubic'``.
        antialias (bool): Average what is shrunk; False is the published way
            of some clips.
        flip_prob (float): Probability of mirroring.
        jitter (tuple[float, float, float, float]): Strength of brightness,
            contrast, saturation (factor in [max(0, 1 - s), 1 + s]) and hue
            (turn in [-s, s] of the circle, s <= 0.5), in random order.
        jitter_prob (float): Probability of the jitter as a whole.
        gray_prob (float): Probability of grey.
        blur_prob (float): Probability of the Gaussian blur.
        blur_sigma (tuple[float, float]): Range of its standard deviation,
            pixels of the view.
        blur_factors (Sequence[float], optional): Blur otherwise: shrink the
            view by one of these factors, each as likely, and enlarge it
            again, both bicubic (SCRL's published views).
        solarize_prob (float): Probability of inverting levels >= 128.
        order (Sequence[str]): Order of the six operations.  What stands
            before ``'crop'`` works on the whole picture (W-MSE colours
            first).
        backend (str): ``'cv2'``, or ``'pillow'`` for exactly Pillow's
            pixels at a third of the speed; of pictures alone.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        area: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        log_ratio: bool = True,
        interpolation: str = 'bilinear',
        antialias: bool = True,
        flip_prob: float = 0.5,
        jitter: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        jitter_prob: float = 1.0,
        gray_prob: float = 0.0,
        blur_prob: float = 0.0,
        blur_sigma: tuple[float, float] = (0.1, 2.0),
        blur_factors: Sequence[float] | None = None,
        solarize_prob: float = 0.0,
        order: Sequence[str] = ORDER,
        backend: str = 'cv2',
    ) -> None:
        self.size = _pair('size', size)
        self.area = _range('area', area, most=1.0)
        self.ratio = _range('ratio', ratio)
        self.log_ratio = log_ratio
        self.interpolation = _one_of(
            'interpolation', interpolation, INTERPOLATIONS
        )
        self.antialias = _antialias(antialias, backend)
        self.flip_prob = _probability('flip_prob', flip_prob)
        self.jitter = _jitter(jitter)
        self.jitter_prob = _probability('jitter_prob', jitter_prob)
        self.gray_prob = _probability('gray_prob', gray_prob)
        self.blur_prob = _probability('blur_prob', blur_prob)
        self.blur_sigma = _range('blur_sigma', blur_sigma)
        self.blur_factors = _factors(blur_factors, self.size)
        self.solarize_prob = _probability('solarize_prob', solarize_prob)
        self.order = _order(order)
        self.backend = _one_of('backend', backend, BACKENDS)

    def __call__(
        self,
        img: np.ndarray,
        rng: np.random.Generator,
        crop: tuple[int, int, int, int] | None = None,
    ) -> tuple[np.ndarray, ViewGeometry]:
        """Draw and apply.

        Args:
            img (ndarray): (h, w, 3) or (t, h, w, 3) uint8, RGB.
            rng (Generator): The generator of this view alone.
            crop (tuple[int, int, int, int], optional): Cut out this region,
                (x, y, w, h) inside the picture, instead of a random one.

        Returns:
            tuple: The view, as many dimensions, and how it was cut.
        """
        source = img.shape[-3:-1]
        params = self.draw(rng, source)
        if crop is not None:
            params = params._replace(crop=crop)
        geometry = ViewGeometry(source, params.crop, self.size, params.flip)
        return self.apply(img, params), geometry

    def draw(
        self, rng: np.random.Generator, source_size: tuple[int, int]
    ) -> ViewParams:
        """All random numbers of a view.

        Args:
            rng (Generator): Exactly one batch of numbers is taken from it.
            source_size (tuple[int, int]): (h, w) of the picture.
        """
        # One number a decision, so that no setting shifts another's numbers.
        numbers = rng.random(2 * TRIES + 16).tolist()
        tries, numbers = numbers[: 2 * TRIES], numbers[2 * TRIES :]
        x, y, flip, gray, blur, sigma, solarize, *jitter = numbers
        return ViewParams(
            crop=self._draw_crop(tries, (x, y), source_size),
            flip=flip < self.flip_prob,
            jitter=self._draw_jitter(jitter),
            gray=gray < self.gray_prob,
            blur=self._draw_blur(sigma) if blur < self.blur_prob else None,
            solarize=solarize < self.solarize_prob,
        )

    def _draw_crop(
        self,
        tries: list[float],
        place: tuple[float, float],
        source_size: tuple[int, int],
    ) -> tuple[int, int, int, int]:
        """Ten tries at a crop that fits; else the largest allowed, centred."""
        height, width = source_size
        logs = math.log(self.ratio[0]), math.log(self.ratio[1])
        for share, shape in zip(tries[::2], tries[1::2], strict=True):
            area = height * width * _between(share, self.area)
            ratio = (
                math.exp(_between(shape, logs))
                if self.log_ratio
                else _between(shape, self.ratio)
            )
            w, h = (
                round(math.sqrt(area * ratio)),
                round(math.sqrt(area / ratio)),
            )
            if 0 < w <= width and 0 < h <= height:
                x = int(place[0] * (width - w + 1))
                y = int(place[1] * (height - h + 1))
                return x, y, w, h
        w, h = width, height
        if width / height < self.ratio[0]:
            h = max(1, round(width / self.ratio[0]))
        elif width / height > self.ratio[1]:
            w = max(1, round(height * self.ratio[1]))
        return (width - w) // 2, (height - h) // 2, w, h

    def _draw_blur(self, number: float) -> float:
        if self.blur_factors is None:
            return _between(number, self.blur_sigma)
        return self.blur_factors[int(number * len(self.blur_factors))]

    def _draw_jitter(
        self, numbers: list[float]
    ) -> tuple[tuple[str, float], ...]:
        """Factors in random order, from one, four and four numbers."""
        switch, factors, places = numbers[0], numbers[1:5], numbers[5:]
        if switch >= self.jitter_prob:
            return ()
        ordered = sorted(
            zip(places, JITTER, self.jitter, factors, strict=True)
        )
        return tuple(
            (name, _between(number, jitter_range(name, strength)))
            for _, name, strength, number in ordered
            if strength > 0
        )

    def apply(
        self,
        img: np.ndarray,
        params: ViewParams,
        steps: Sequence[str] | None = None,
    ) -> np.ndarray:
        """Apply what was drawn; the same numbers give the same view.

        Args:
            img (ndarray): (h, w, 3) or (t, h, w, 3) uint8, RGB.
            params (ViewParams): What :meth:`draw` gave.
            steps (Sequence[str], optional): Only these operations, in this
                order; all, in the order of the view, without it.
        """
        ops = backend_of(img, self.backend)
        work = ops.begin(img)
        for name in self.order if steps is None else steps:
            work = getattr(self, f'_apply_{name}')(ops, work, params)
        return ops.finish(work)

    def _apply_crop(self, ops: ModuleType, img, params: ViewParams):
        cut = ops.crop(img, params.crop)
        return ops.resize(cut, self.size, self.interpolation, self.antialias)

    def _apply_flip(self, ops: ModuleType, img, params: ViewParams):
        return ops.flip(img) if params.flip else img

    def _apply_jitter(self, ops: ModuleType, img, params: ViewParams):
        for name, factor in params.jitter:
            img = getattr(ops, name)(img, factor)
        return img

    def _apply_gray(self, ops: ModuleType, img, params: ViewParams):
        return ops.gray(img) if params.gray else img

    def _apply_blur(self, ops: ModuleType, img, params: ViewParams):
        if params.blur is None:
            return img
        if self.blur_factors is None:
            return ops.blur(img, params.blur)
        size = ops.size(img)
        small = tuple(int(side / params.blur) for side in size)
        return ops.resize(ops.resize(img, small, 'bicubic'), size, 'bicubic')

    def _apply_solarize(self, ops: ModuleType, img, params: ViewParams):
        return ops.solarize(img) if params.solarize else img


@TRANSFORMS.register_module()
class CenterView:
    """A square of a picture or clip, for evaluation; nothing is random.

    Args:
        size (int or tuple[int, int], optional): Side, or (h, w), of the
            centre crop, pixels.  None takes the whole picture.
        resize (int, optional): Length of the shorter side before the crop,
            pixels.  None leaves the picture as it is, or enlarges it until
            the crop fits.
        interpolation (str): ``'bilinear'`` or ``'bicubic'``.
        backend (str): ``'cv2'`` or ``'pillow'``; of pictures alone.
        antialias (bool): Average what is shrunk.
        place (float, optional): Where along what is left over the crop lies,
            0 left or top to 1 right or bottom; three views at 0, 0.5 and 1
            are the three crops of video recognition.  None is the middle of
            pictures, rounded.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        resize: int | None = None,
        interpolation: str = 'bilinear',
        backend: str = 'cv2',
        antialias: bool = True,
        place: float | None = None,
    ) -> None:
        self.size = None if size is None else _pair('size', size)
        self.resize = None if resize is None else _pair('resize', resize)[0]
        if self.size and resize is not None and resize < max(self.size):
            raise ValueError(
                f'resize must be >= size, got resize={resize}, size={size}'
            )
        self.interpolation = _one_of(
            'interpolation', interpolation, INTERPOLATIONS
        )
        self.antialias = _antialias(antialias, backend)
        if place is not None:
            _probability('place', place)
        self.place = place
        self.backend = _one_of('backend', backend, BACKENDS)

    def __call__(
        self, img: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, ViewGeometry]:
        """Cut the square; ``rng`` is not used."""
        source = img.shape[-3:-1]
        resized = self._resized(source)
        height, width = self.size or resized
        x = self._offset(resized[1] - width)
        y = self._offset(resized[0] - height)
        ops = backend_of(img, self.backend)
        work = ops.begin(img)
        if resized != source:
            work = ops.resize(
                work, resized, self.interpolation, self.antialias
            )
        work = ops.crop(work, (x, y, width, height))
        sx, sy = source[1] / resized[1], source[0] / resized[0]
        geometry = ViewGeometry(
            source, (x * sx, y * sy, width * sx, height * sy), (height, width)
        )
        return ops.finish(work), geometry

    def _offset(self, rest: int) -> int:
        if self.place is None:
            return round(rest / 2)
        return math.ceil(self.place * rest)

    def _resized(self, source: tuple[int, int]) -> tuple[int, int]:
        """(h, w) before the crop; the longer side is cut to a whole number."""
        short = min(source)
        if self.resize is not None:
            scale = self.resize, short
        elif self.size is not None and (
            source[0] < self.size[0] or source[1] < self.size[1]
        ):
            scale = max(
                (self.size[0], source[0]),
                (self.size[1], source[1]),
                key=lambda pair: pair[0] / pair[1],
            )
        else:
            return source
        height, width = (side * scale[0] // scale[1] for side in source)
        return height, width


@TRANSFORMS.register_module()
class SquashedView:
    """A whole picture as a square, its shape lost; nothing is random.

    As VOC07's protocol of SVMs does: the shorter side is resized first, then
    the picture to the square, both bilinear and antialiased.

    Args:
        size (int): Side, pixels.
        resize (int, optional): Length of the shorter side in between,
            pixels; defaults to 8/7 of ``size``.
    """

    def __init__(self, size: int = 224, resize: int | None = None) -> None:
        self.size = _pair('size', size)
        self.first = CenterView(resize=resize or round(size * 8 / 7))

    def __call__(
        self, img: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, ViewGeometry]:
        """Resize twice; ``rng`` is not used."""
        source = img.shape[-3:-1]
        work, _ = self.first(img)
        ops = backend_of(work, 'cv2')
        view = ops.finish(
            ops.resize(ops.begin(work), self.size, 'bilinear', True)
        )
        whole = 0.0, 0.0, float(source[1]), float(source[0])
        return view, ViewGeometry(source, whole, self.size)


def backend_of(img: np.ndarray, name: str) -> ModuleType:
    """The operations for a clip, or for a picture those of that name."""
    return clip_backend if img.ndim == 4 else BACKENDS[name]


def jitter_range(name: str, strength: float) -> tuple[float, float]:
    """The factors that a strength allows; torchvision's ColorJitter."""
    if name == 'hue':
        return -strength, strength
    return max(0.0, 1 - strength), 1 + strength


def _between(number: float, limits: tuple[float, float]) -> float:
    return float(limits[0] + number * (limits[1] - limits[0]))


def _pair(name: str, value: int | Sequence[int]) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(
            f'{name} must be one or two lengths >= 1, got {value}'
        )
    return pair


def _range(
    name: str, value: Sequence[float], most: float = math.inf
) -> tuple[float, float]:
    limits = tuple(value)
    if len(limits) != 2 or not 0 < limits[0] <= limits[1] <= most:
        bound = '' if most == math.inf else f' <= {most:g}'
        raise ValueError(
            f'{name} must be (low, high) with 0 < low <= high{bound}, '
            f'got {value}'
        )
    return limits


def _factors(
    value: Sequence[float] | None, size: tuple[int, int]
) -> tuple[float, ...] | None:
    if value is None:
        return None
    factors = tuple(value)
    if not factors or min(factors) < 1 or max(factors) > min(size):
        raise ValueError(
            f'blur_factors must be factors in [1, {min(size)}], got {value}'
        )
    return factors


def _probability(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f'{name} must be in [0, 1], got {value}')
    return value


def _one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ValueError(
            f'{name} must be one of {sorted(allowed)}, got {value!r}'
        )
    return value


def _antialias(value: bool, backend: str) -> bool:
    if not value and backend == 'pillow':
        raise ValueError(
            "antialias=False is not known to Pillow, use backend='cv2'"
        )
    return value


def _jitter(value: Sequence[float]) -> tuple[float, ...]:
    strengths = tuple(value)
    if len(strengths) != 4 or min(strengths) < 0 or strengths[3] > 0.5:
        raise ValueError(
            'jitter must be four strengths (brightness, contrast, '
            f'saturation, hue), each >= 0 and hue <= 0.5, got {value}'
        )
    return strengths


def _order(value: Sequence[str]) -> tuple[str, ...]:
    order = tuple(value)
    if sorted(order) != sorted(ORDER):
        raise ValueError(
            f'order must hold each of {list(ORDER)} once, got {list(value)}'
        )
    if order.index('flip') < order.index('crop'):
        raise ValueError(
            "order must have 'flip' after 'crop' (the geometry says crop, "
            f'then flip), got {list(value)}'
        )
    return order
