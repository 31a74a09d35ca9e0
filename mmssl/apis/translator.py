# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Pictures of one domain to another, such as stills to video frames."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from mmssl.apis.inferencer import Inferencer, InferenceResult
from mmssl.datasets.sources import FileSource, list_images
from mmssl.datasets.transforms import LoadImage, UnreadableImage
from mmssl.models.algorithms.still_to_video.networks import (
    GENERATOR_STRIDE,
    SMALLEST_GENERATOR_INPUT,
)
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

DIRECTIONS = ('a2b', 'b2a')
MODES = ('full', 'scale_width')


class Translator(Inferencer):
    """Translates pictures of any size by a trained translator.

    An input is a path, a folder of pictures, or an array (h, w, 3) uint8
    RGB.  A call takes ``out_dir`` (str): there each picture is written as
    PNG under its name, arrays as ``00000.png``, ...

    ``predictions`` are the translations, arrays (h, w, 3) uint8 RGB of the
    inputs' sizes; ``visualization`` shows input and translation side by
    side.  To translate an annotated data set see
    ``tools/dataset_tools/translate_dataset.py``.

    Args:
        model (str, PathLike or nn.Module): See :class:`Inferencer`; of a
            ``CycleGANTranslator``.
        weights (str, PathLike or bool, optional): See there.
        device (str, optional): See there.
        show_progress (bool): See there.
        direction (str): 'a2b' (stills to frames) or 'b2a'.
        mode (str): See :func:`translate_picture`.
        width (int): See :func:`translate_picture`.

    Raises:
        UsageError: Unknown direction or mode; the model does not translate.

    Example:
        >>> translator = mmssl.Translator('cyclegan_tiny', 'epoch_2.pth')
        >>> frames = translator(['a.jpg', 'b.jpg'])['predictions']
    """

    postprocess_kwargs = {'out_dir'}
    batch_size = 1

    def __init__(
        self,
        model: str | os.PathLike | nn.Module,
        weights: str | os.PathLike | bool | None = None,
        device: str | None = None,
        show_progress: bool = True,
        direction: str = 'a2b',
        mode: str = 'full',
        width: int = 256,
    ) -> None:
        for name, value, known in (
            ('direction', direction, DIRECTIONS),
            ('mode', mode, MODES),
        ):
            if value not in known:
                raise UsageError(
                    f'{name} must be one of {", ".join(known)}, got {value!r}'
                )
        super().__init__(model, weights, device, show_progress)
        if not hasattr(self.model, 'generators'):
            raise UsageError(
                f'{model if isinstance(model, str) else "the model"} is a '
                f'{type(self.model).__name__}, which does not translate; '
                'give the config of a CycleGANTranslator'
            )
        self.generator = getattr(self.model.generators, direction)
        self.mode, self.width = mode, width

    def _init_pipeline(self, cfg):
        return lambda one: (
            LoadImage()(dict(img=one))['img']
            if isinstance(one, np.ndarray)
            else read_picture(os.fspath(one))
        )

    def _inputs_to_list(self, inputs: Any) -> list:
        if isinstance(inputs, str | os.PathLike) and Path(inputs).is_dir():
            folder = Path(inputs)
            names = list_images(folder)
            if not names:
                raise UsageError(f'Translator: no pictures in {folder}')
            return [folder / name for name in names]
        is_list = isinstance(inputs, list | tuple)
        return list(inputs) if is_list else [inputs]

    def preprocess(self, inputs: list, batch_size: int = 1) -> Iterator[list]:
        """Pictures with their names, one by one: sizes differ."""
        for number, one in enumerate(inputs):
            is_array = isinstance(one, np.ndarray)
            name = f'{number:05d}' if is_array else Path(one).stem
            yield [(name, self.pipeline(one))]

    @torch.no_grad()
    def translate(self, picture: np.ndarray) -> np.ndarray:
        """One picture (h, w, 3) uint8 RGB to the same."""
        device = next(self.generator.parameters()).device
        return translate_picture(
            picture,
            lambda x: self.generator(x.to(device)),
            self.mode,
            self.width,
        )

    def forward(
        self, inputs: list[tuple[str, np.ndarray]]
    ) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Name, picture and translation of each."""
        return [
            (name, picture, self.translate(picture))
            for name, picture in inputs
        ]

    def visualize(self, inputs: list, preds: list) -> list[Image.Image]:
        """Input at the left, translation at the right."""
        return [
            Image.fromarray(np.concatenate([picture, translated], 1))
            for _, picture, translated in preds
        ]

    def postprocess(
        self,
        preds: list,
        visualization: list,
        out_dir: str | os.PathLike | None = None,
    ) -> InferenceResult:
        """The translations, and files of them."""
        names = [name for name, *_ in preds]
        if out_dir is not None:
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise UsageError(
                    f'Translator: two pictures would be written to '
                    f'{Path(out_dir) / twice[0]}.png'
                )
            for name, _, translated in preds:
                with atomic_path(Path(out_dir) / f'{name}.png') as temporary:
                    Image.fromarray(translated).save(temporary, format='PNG')
        return super().postprocess([t for *_, t in preds], visualization)


def read_picture(path: str) -> np.ndarray:
    """(h, w, 3) uint8 RGB.

    Raises:
        UsageError: Names the file and the reason.
    """
    try:
        source = FileSource('', [path])
        results = dict(img_bytes=source.read(0), path=path)
        return LoadImage()(results)['img']
    except UnreadableImage as error:
        raise UsageError(f'unreadable picture {error}') from error


def translate_picture(
    picture: np.ndarray,
    generator: Callable[[Tensor], Tensor],
    mode: str = 'full',
    width: int = 256,
) -> np.ndarray:
    """Translate a picture of any size; the size stays.

    Args:
        picture (ndarray): (h, w, 3) uint8 RGB.
        generator (Callable): (1, 3, h', w') in [-1, 1] to the same shape,
            h' and w' multiples of 4, at least 8.
        mode (str): 'full': at full resolution, the right and lower border
            mirrored up to multiples of 4 and cut off again; 'scale_width':
            scaled to ``width``, and back, bicubic (closest to the authors).
        width (int): For 'scale_width', pixels; a multiple of 4.

    Returns:
        ndarray: (h, w, 3) uint8 RGB; levels are rounded (the authors cut).

    Raises:
        ValueError: Unknown mode; a width that is no multiple of 4; a
            picture of less than 5 pixels a side in mode 'full'.
    """
    if mode not in MODES:
        raise ValueError(
            f'mode must be one of {", ".join(MODES)}, got {mode!r}'
        )
    height, full = picture.shape[:2]
    if mode == 'scale_width':
        if width % GENERATOR_STRIDE or width < SMALLEST_GENERATOR_INPUT:
            raise ValueError(
                f'width must be a multiple of {GENERATOR_STRIDE} and at least '
                f'{SMALLEST_GENERATOR_INPUT}, got {width}'
            )
        size = _multiple(round(height * width / full), round), width
        work = np.array(_resized(picture, size))
        return np.array(
            _resized(_levels(generator(_scaled(work))), (height, full))
        )
    pad_h = _multiple(height) - height
    pad_w = _multiple(full) - full
    if pad_h >= height or pad_w >= full:
        raise ValueError(
            f'a picture of {height} x {full} is too small to translate at '
            "full resolution; use mode 'scale_width'"
        )
    x = F.pad(_scaled(picture), (0, pad_w, 0, pad_h), mode='reflect')
    return _levels(generator(x))[:height, :full]


def _multiple(side: int, how: Callable[[float], int] | None = None) -> int:
    """The next multiple of 4 (or the nearest one), at least 8."""
    count = side / GENERATOR_STRIDE
    count = how(count) if how else -(-side // GENERATOR_STRIDE)
    return max(SMALLEST_GENERATOR_INPUT, GENERATOR_STRIDE * count)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> Image.Image:
    image = Image.fromarray(picture)
    return image.resize(size[::-1], Image.Resampling.BICUBIC)


def _scaled(picture: np.ndarray) -> Tensor:
    x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)
    return x[None].float() / 127.5 - 1


def _levels(x: Tensor) -> np.ndarray:
    levels = ((x[0].float().cpu() + 1) * 127.5).round().clamp(0, 255)
    return levels.permute(1, 2, 0).to(torch.uint8).numpy()
