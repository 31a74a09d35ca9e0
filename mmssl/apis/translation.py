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
from PIL import Image

from mmssl.apis.still_layouts import UNCHANGED, Job
from mmssl.apis.translator import Translator, read_picture
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_json

FORMAT_VERSION = 1
HEADER = 'translation.json'


class TranslationWorker:
    """Translates the pictures of jobs; what a worker process holds.

    Args:
        config (str): See :class:`mmssl.apis.translator.Translator`.
        checkpoints (dict[str, str]): Key of jobs to checkpoint.
        direction (str): See there.
        mode (str): See :func:`mmssl.apis.translator.translate_picture`.
        width (int): See :func:`mmssl.apis.translator.translate_picture`.
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
        self.translators = {
            key: Translator(
                config,
                path,
                device,
                show_progress=False,
                direction=direction,
                mode=mode,
                width=width,
            )
            for key, path in checkpoints.items()
        }
        self.quality = quality

    def __call__(self, picture: np.ndarray, key: str = '') -> np.ndarray:
        """(h, w, 3) uint8 RGB to the same; ``UNCHANGED`` as it is."""
        if key == UNCHANGED:
            return picture
        return self.translators[key].translate(picture)

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
    translator: TranslationWorker | None = None,
) -> dict[str, int]:
    """Write all pictures that are missing, then the annotations.

    Each picture is written whole or not at all; a run that was stopped goes
    on where it was.  ``translation.json`` in ``out`` records the settings;
    going on with others is refused.

    Args:
        jobs (Sequence[Job]): Of ``voc_jobs`` or ``coco_jobs``.
        finish (Callable): Writes the annotations.
        out (Path): Folder of the copy.
        settings (dict): Arguments of :class:`TranslationWorker`.
        workers (int): Processes; 0 works in this one.
        report (Callable, optional): Gets pictures done, pictures in all and
            seconds, after each.
        translator (TranslationWorker, optional): In place of one from
            ``settings``; this process only.

    Returns:
        dict[str, int]: ``written``, ``kept`` (were there), ``total``.

    Raises:
        UsageError: Two sources for one file; other settings than before;
            see :meth:`TranslationWorker.run`.
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
    translator: TranslationWorker | None,
) -> Iterator[bool]:
    if workers == 0:
        worker = translator or TranslationWorker(**settings)
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


_WORKER: TranslationWorker | None = None


def _start_worker(settings: dict) -> None:
    global _WORKER
    torch.set_num_threads(max(1, int(os.environ.get('OMP_NUM_THREADS', 1))))
    cv2.setNumThreads(0)
    _WORKER = TranslationWorker(**settings)


def _work(job: Job) -> bool:
    return _WORKER.run(job)
