# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From an annotated set of stills to a translated copy, boxes unchanged."""

import hashlib
import json
import multiprocessing
import os
import shutil
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image

from mmssl.apis.translator import Translator, read_picture
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_json, write_text

ASSIGNMENTS = ('largest', 'all')
FORMAT_VERSION = 1
HEADER = 'translation.json'
UNCHANGED = 'unchanged'
"""Class of the pictures that no translator of a class is responsible for."""


class Job(NamedTuple):
    """One picture to write.

    Attributes:
        source (str): File of the still.
        target (str): File to write; its ending says the format.
        key (str): Which translator: a class, '' or ``UNCHANGED``.
        size (tuple[int, int] or None): (h, w) that the annotation states.
    """

    source: str
    target: str
    key: str
    size: tuple[int, int] | None


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


# Layouts: which pictures there are, and what else has to be written.


def voc_jobs(
    source: Path,
    out: Path,
    split: str | None,
    classes: Sequence[str],
    assign: str,
) -> tuple[list[Job], Callable[[], None]]:
    """Jobs of a VOC tree (``JPEGImages, Annotations, ImageSets/Main``).

    Args:
        source (Path): Such as ``data/VOCdevkit/VOC2007``.
        out (Path): The tree to write; pictures end in ``.jpg``, which
            mmdet's VOC dataset hard-codes.
        split (str, optional): Ids of ``ImageSets/Main/<split>.txt``; all
            annotated ids without it.
        classes (Sequence[str]): Classes with a translator of their own; none
            for one translator.
        assign (str): See :func:`translate_dataset`.

    Returns:
        tuple: Jobs, and what writes annotations and the list of ids.

    Raises:
        UsageError: Nothing there; an id without annotation or picture.
    """
    annotations = source / 'Annotations'
    if split is None:
        split = 'all'
        ids = sorted(path.stem for path in annotations.glob('*.xml'))
        where = annotations
    else:
        where = source / 'ImageSets' / 'Main' / f'{split}.txt'
        if not where.is_file():
            raise UsageError(f'no list of ids at {where}; give --split')
        ids = [
            line.split()[0]
            for line in where.read_text().splitlines()
            if line.strip()
        ]
    if not ids:
        raise UsageError(f'no ids in {where}: there is nothing to translate')
    jobs, written = [], []
    for name in ids:
        xml = annotations / f'{name}.xml'
        if not xml.is_file():
            raise UsageError(
                f'no annotation {xml} for the picture {name}; a detector '
                'could not be trained on its translation'
            )
        picture = _voc_picture(source / 'JPEGImages', name)
        size, boxes = _read_voc(xml)
        for key in responsible(boxes, classes, assign):
            new = f'{name}_{key}' if assign == 'all' and classes else name
            target = out / 'JPEGImages' / f'{new}.jpg'
            jobs.append(Job(str(picture), str(target), key, size))
            written.append((xml, new))

    def finish() -> None:
        for xml, new in written:
            with atomic_path(out / 'Annotations' / f'{new}.xml') as temporary:
                shutil.copyfile(xml, temporary)
        text = ''.join(f'{new}\n' for _, new in written)
        write_text(out / 'ImageSets' / 'Main' / f'{split}.txt', text)

    return jobs, finish


def _voc_picture(folder: Path, name: str) -> Path:
    for suffix in ('.jpg', '.jpeg', '.png', '.JPG', '.JPEG'):
        if (folder / f'{name}{suffix}').is_file():
            return folder / f'{name}{suffix}'
    raise UsageError(f'no picture {folder / name}.jpg for the id {name}')


def _read_voc(
    xml: Path,
) -> tuple[tuple[int, int] | None, list[tuple[str, float]]]:
    """Stated (h, w), and class and area of each box."""
    try:
        root = ET.parse(xml).getroot()
        size = root.find('size')
        boxes = []
        for item in root.findall('object'):
            edges = [
                float(item.find(f'bndbox/{edge}').text)
                for edge in ('xmin', 'ymin', 'xmax', 'ymax')
            ]
            area = (edges[2] - edges[0] + 1) * (edges[3] - edges[1] + 1)
            boxes.append((item.find('name').text.strip(), area))
        stated = None
        if size is not None:
            stated = (
                int(size.find('height').text),
                int(size.find('width').text),
            )
    except (ET.ParseError, AttributeError, ValueError) as error:
        raise UsageError(f'{xml} is no VOC annotation: {error}') from error
    # Some sets leave the size at 0.
    return stated if stated and min(stated) > 0 else None, boxes


def coco_jobs(
    ann_file: Path,
    images: Path,
    out: Path,
    classes: Sequence[str],
    assign: str,
) -> tuple[list[Job], Callable[[], None]]:
    """Jobs of a COCO annotation file.

    Args:
        ann_file (Path): ``instances_*.json`` or the like.
        images (Path): Folder that its file names are relative to.
        out (Path): Gets a folder and an ``annotations/`` of the same names.
        classes (Sequence[str]): See :func:`voc_jobs`.
        assign (str): See :func:`translate_dataset`.

    Returns:
        tuple: Jobs, and what writes the annotation file.

    Raises:
        UsageError: No such file; boxes of an unknown picture; a picture
            that is missing.
    """
    try:
        content = json.loads(ann_file.read_text(encoding='utf-8'))
        entries, boxes = content['images'], content['annotations']
        names = {c['id']: c['name'] for c in content['categories']}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f'{ann_file} is no COCO annotation file with images, '
            f'annotations and categories: {error!r}'
        ) from error
    if not entries:
        raise UsageError(f'no images in {ann_file}: nothing to translate')
    by_image: dict = {entry['id']: [] for entry in entries}
    for box in boxes:
        if box['image_id'] not in by_image:
            raise UsageError(
                f'{ann_file}: box {box["id"]} is of the image '
                f'{box["image_id"]}, which the file does not list'
            )
        by_image[box['image_id']].append(box)
    jobs, copies = [], []
    for entry in entries:
        source = images / entry['file_name']
        if not source.is_file():
            raise UsageError(
                f'no picture {source}, which {ann_file} names; give the '
                'folder of its pictures by --images'
            )
        size = None
        if entry.get('height') and entry.get('width'):
            size = int(entry['height']), int(entry['width'])
        found = [
            (names.get(b['category_id'], ''), b['bbox'][2] * b['bbox'][3])
            for b in by_image[entry['id']]
        ]
        for key in responsible(found, classes, assign):
            name = Path(entry['file_name'])
            if assign == 'all' and classes:
                name = name.with_name(f'{name.stem}_{key}{name.suffix}')
            target = out / images.name / name
            jobs.append(Job(str(source), str(target), key, size))
            copies.append((entry, name.as_posix()))
    target = out / 'annotations' / ann_file.name

    def finish() -> None:
        if assign != 'all' or not classes:
            with atomic_path(target) as temporary:
                shutil.copyfile(ann_file, temporary)
            return
        new_images, new_boxes = [], []
        for number, (entry, name) in enumerate(copies, 1):
            new_images.append(dict(entry, id=number, file_name=name))
            for box in by_image[entry['id']]:
                copy = dict(box, id=len(new_boxes) + 1, image_id=number)
                new_boxes.append(copy)
        write_json(
            target, dict(content, images=new_images, annotations=new_boxes)
        )

    return jobs, finish


def responsible(
    boxes: Sequence[tuple[str, float]], classes: Sequence[str], assign: str
) -> list[str]:
    """Which translators a picture goes through.

    Args:
        boxes (Sequence[tuple[str, float]]): Class and area of each box.
        classes (Sequence[str]): Those with a translator; none means that one
            translator does all.
        assign (str): 'largest': that of the largest box of those classes;
            'all': each of them.

    Returns:
        list[str]: Keys; ``UNCHANGED`` where no class has a translator.
    """
    if not classes:
        return ['']
    known = [(area, name) for name, area in boxes if name in classes]
    if not known:
        return [UNCHANGED]
    if assign == 'largest':
        return [max(known, key=lambda pair: pair[0])[1]]
    return sorted({name for _, name in known})


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
        jobs (Sequence[Job]): Of :func:`voc_jobs` or :func:`coco_jobs`.
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
