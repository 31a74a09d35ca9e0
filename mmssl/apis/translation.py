# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From an annotated set of stills to a translated copy, boxes unchanged."""

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from mmssl.apis.model_zoo import get_model
from mmssl.apis.still_layouts import UNCHANGED, Job
from mmssl.datasets.sources import FileSource
from mmssl.datasets.transforms import LoadImage, UnreadableImage
from mmssl.models.algorithms.still_to_video.networks import (
    GENERATOR_STRIDE,
    SMALLEST_GENERATOR_INPUT,
)
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_json

DIRECTIONS = ('a2b', 'b2a')
MODES = ('full', 'scale_width')
FORMAT_VERSION = 1
HEADER = 'translation.json'


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


def load_generator(
    config: str, checkpoint: str, direction: str = 'a2b'
) -> nn.Module:
    """One generator of a trained translator, in evaluation mode.

    Args:
        config (str): Path or name of the translator's config.
        checkpoint (str): Its weights.
        direction (str): 'a2b' (stills to frames) or 'b2a'.

    Raises:
        UsageError: Unknown direction; the config is none of a translator.
    """
    if direction not in DIRECTIONS:
        raise UsageError(
            f'direction must be one of {", ".join(DIRECTIONS)}, got '
            f'{direction!r}'
        )
    model = get_model(config, checkpoint)
    if not hasattr(model, 'generators'):
        raise UsageError(
            f'{config} builds a {type(model).__name__}, which does not '
            'translate; give the config of a CycleGANTranslator'
        )
    return getattr(model.generators, direction)


class Translator:
    """Translates pictures; what a worker process holds.

    Args:
        config (str): See :func:`load_generator`.
        checkpoints (dict[str, str]): Key of jobs to checkpoint.
        direction (str): See :func:`load_generator`.
        mode (str): See :func:`translate_picture`.
        width (int): See :func:`translate_picture`.
        quality (int): Of JPEG, 0..100.
        device (str): Where the generators run.
    """

    def __init__(
        self,
        config: str,
        checkpoints: dict[str, str],
        direction: str = 'a2b',
        mode: str = 'full',
        width: int = 256,
        quality: int = 95,
        device: str = 'cpu',
    ) -> None:
        self.generators = {
            key: load_generator(config, path, direction).to(device)
            for key, path in checkpoints.items()
        }
        self.mode, self.width = mode, width
        self.quality, self.device = quality, device

    @torch.no_grad()
    def __call__(self, picture: np.ndarray, key: str = '') -> np.ndarray:
        """(h, w, 3) uint8 RGB to the same; ``UNCHANGED`` as it is."""
        if key == UNCHANGED:
            return picture
        generator = self.generators[key]
        return translate_picture(
            picture,
            lambda x: generator(x.to(self.device)),
            self.mode,
            self.width,
        )

    def run(self, job: Job) -> bool:
        """Write one picture, unless it is there.

        Returns:
            bool: Whether it had to be written.

        Raises:
            UsageError: The source cannot be read, or sizes disagree.
        """
        target = Path(job.target)
        size = picture_size(job.source)
        if job.size is not None and job.size != size:
            raise UsageError(
                f'{job.source} is {size[0]} x {size[1]} (height x width), '
                f'its annotation says {job.size[0]} x {job.size[1]}: the '
                'boxes would not fit'
            )
        if target.exists():
            check_size(target, size)
            return False
        translated = self(read_picture(job.source), job.key)
        with atomic_path(target) as temporary:
            temporary.write_bytes(self._encoded(translated, target.suffix))
            check_size(temporary, size)
        return True

    def _encoded(self, picture: np.ndarray, suffix: str) -> bytes:
        options = []
        if suffix.lower() in ('.jpg', '.jpeg'):
            options = [cv2.IMWRITE_JPEG_QUALITY, self.quality]
        done, code = cv2.imencode(suffix, picture[..., ::-1], options)
        if not done:
            raise UsageError(f'OpenCV cannot write {suffix} files')
        return code.tobytes()


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


def picture_size(path: str | Path) -> tuple[int, int]:
    """(h, w) as a reader sees it that turns by EXIF, without decoding.

    Raises:
        UsageError: Names the file and the reason.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(0x0112, 1) >= 5
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f'unreadable picture {path}: {error}') from error
    return (width, height) if turned else (height, width)


def check_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse a translation of another size than its source.

    Raises:
        UsageError: Names the file and both sizes.
    """
    found = picture_size(path)
    if found != size:
        raise UsageError(
            f'{path} is {found[0]} x {found[1]} (height x width), its source '
            f'{size[0]} x {size[1]}: the boxes would not fit; delete it and '
            'start again'
        )


def translate_dataset(
    jobs: Sequence[Job],
    finish: Callable[[], None],
    out: Path,
    settings: dict,
    workers: int = 0,
    report: Callable[[int, int, float], None] | None = None,
    translator: Translator | None = None,
) -> dict[str, int]:
    """Write all pictures that are missing, then the annotations.

    Each picture is written whole or not at all; a run that was stopped goes
    on where it was.  ``translation.json`` in ``out`` records the settings;
    going on with others is refused.

    Args:
        jobs (Sequence[Job]): Of ``voc_jobs`` or ``coco_jobs``.
        finish (Callable): Writes the annotations.
        out (Path): Folder of the copy.
        settings (dict): Arguments of :class:`Translator`.
        workers (int): Processes; 0 works in this one.
        report (Callable, optional): Gets pictures done, pictures in all and
            seconds, after each.
        translator (Translator, optional): In place of one from
            ``settings``; this process only.

    Returns:
        dict[str, int]: ``written``, ``kept`` (were there), ``total``.

    Raises:
        UsageError: Two sources for one file; other settings than before;
            see :meth:`Translator.run`.
    """
    targets = {}
    for job in jobs:
        other = targets.setdefault(job.target, job.source)
        if other != job.source:
            raise UsageError(
                f'{other} and {job.source} would both become {job.target}'
            )
    header = describe(jobs, settings)
    claim(out / HEADER, header)
    written, start = 0, time.perf_counter()
    results = _run_all(jobs, settings, workers, translator)
    for number, new in enumerate(results, 1):
        written += new
        if report is not None:
            report(number, len(jobs), time.perf_counter() - start)
    finish()
    write_json(out / HEADER, dict(header, complete=True))
    return dict(written=written, kept=len(jobs) - written, total=len(jobs))


def describe(jobs: Sequence[Job], settings: dict) -> dict:
    """What makes two copies equal: settings, weights, list of files."""
    listed = '\n'.join(
        f'{Path(job.source).name} {Path(job.target).name} {job.key}'
        for job in jobs
    )
    hashes = {
        key: hashlib.sha256(Path(path).read_bytes()).hexdigest()
        for key, path in settings.get('checkpoints', {}).items()
    }
    return dict(
        format_version=FORMAT_VERSION,
        settings={
            name: value
            for name, value in settings.items()
            if name not in ('checkpoints', 'config', 'device')
        },
        checkpoint_sha256=hashes,
        files_sha256=hashlib.sha256(listed.encode()).hexdigest(),
        pictures=len(jobs),
    )


def claim(path: Path, header: dict) -> None:
    """Write the header, or refuse a folder that was made otherwise.

    Raises:
        UsageError: Names what differs.
    """
    if not path.exists():
        write_json(path, dict(header, complete=False))
        return
    before = json.loads(path.read_text(encoding='utf-8'))
    other = [key for key in header if before.get(key) != header[key]]
    if other:
        raise UsageError(
            f'{path.parent} holds a translation with other '
            f'{", ".join(other)}; choose another --out, or delete it'
        )


def _run_all(
    jobs: Sequence[Job],
    settings: dict,
    workers: int,
    translator: Translator | None,
) -> Iterator[bool]:
    if workers == 0:
        worker = translator or Translator(**settings)
        yield from map(worker.run, jobs)
        return
    # Forked processes would inherit locks of torch's threads.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(settings,)
    ) as pool:
        try:
            yield from pool.map(_work, jobs)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_WORKER: Translator | None = None


def _start_worker(settings: dict) -> None:
    global _WORKER
    torch.set_num_threads(max(1, int(os.environ.get('OMP_NUM_THREADS', 1))))
    cv2.setNumThreads(0)
    _WORKER = Translator(**settings)


def _work(job: Job) -> bool:
    return _WORKER.run(job)
