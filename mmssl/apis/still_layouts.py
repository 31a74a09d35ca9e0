# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Annotated sets of stills: their pictures to translate, their copies."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path, write_json, write_text

ASSIGNMENTS = ('largest', 'all')
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
        assign (str): See :func:`responsible`.

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
        assign (str): See :func:`responsible`.

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
