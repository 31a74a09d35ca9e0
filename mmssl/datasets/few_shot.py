# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Splits of few-shot benchmarks: CSV files, and Omniglot's folders."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.image_folders import not_empty
from mmssl.datasets.sources import (
    ChosenSource,
    FileSource,
    Source,
    ZipSource,
    list_images,
)
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError


@DATASETS.register_module()
class FewShotCSV(ImageDataset):
    """Pictures that CSV files name, as miniImageNet's and CUB's splits.

    A header line, then ``filename,label`` and perhaps further fields, which
    are ignored.  Classes are numbered in order of their first appearance.

    Args:
        data_root (str): Folder that the other paths are relative to.
        ann_file (str or Sequence[str]): The CSV files, joined in order.
        images (str): Folder or zip of the pictures.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: A file is no such CSV, or names a picture that is
            missing.
    """

    def __init__(
        self,
        data_root: str,
        ann_file: str | Sequence[str],
        images: str = 'images',
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        files = [ann_file] if isinstance(ann_file, str) else ann_file
        rows = []
        for name in files:
            path = find_data(Path(data_root) / name, owner)
            rows += [(path, *row) for row in read_csv(path)]
        root = find_data(Path(data_root) / images, owner)
        everything = picture_source(root)
        places = {everything.name(i): i for i in range(len(everything))}
        chosen, names = [], []
        for path, number, name, label in rows:
            place = places.get(str(root / name))
            if place is None:
                raise UsageError(
                    f'{path}, line {number}: no picture {name} in {root}; '
                    'set images to the folder or zip of the pictures, or '
                    'mend the file'
                )
            chosen.append(place)
            names.append(label)
        source = ChosenSource(everything, chosen, *number_classes(names))
        super().__init__(not_empty(source, root), **kwargs)


@DATASETS.register_module()
class OmniglotCharacters(ImageDataset):
    """Omniglot, ``<set>/<alphabet>/<character>/<id>.png``, by character.

    A character of an alphabet is a class; in ``Omniglot`` an alphabet is.

    Args:
        data_root (str): Folder or zip, of one set or of several.
        alphabets (Sequence[str], optional): Take these only.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: A picture lies elsewhere, or there is no such alphabet.
    """

    def __init__(
        self, data_root: str, alphabets: Sequence[str] = (), **kwargs
    ) -> None:
        root = find_data(data_root, type(self).__name__)
        everything = not_empty(picture_source(root), root)
        chosen, names, found = [], [], set()
        for place in range(len(everything)):
            folders = Path(everything.name(place)).relative_to(root).parts
            if len(folders) < 3:
                raise UsageError(
                    f'{everything.name(place)} is not in a folder of a '
                    'character in one of an alphabet, as '
                    'Greek/character01/0394_01.png is'
                )
            alphabet, character = folders[-3:-1]
            found.add(alphabet)
            if not alphabets or alphabet in alphabets:
                chosen.append(place)
                names.append(f'{alphabet}/{character}')
        if set(alphabets) - found:
            raise UsageError(
                f'{root} has no alphabet {sorted(set(alphabets) - found)}; '
                f'there are {sorted(found)}'
            )
        source = ChosenSource(everything, chosen, *number_classes(names))
        super().__init__(source, **kwargs)


def picture_source(root: Path) -> Source:
    """All pictures of a folder or a zip."""
    if root.is_file():
        return ZipSource(root)
    return FileSource(root, list_images(root))


def number_classes(names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) int64 labels and the classes, in order of first appearance."""
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    labels = np.array([numbers[name] for name in names], np.int64)
    return labels, list(numbers)


def read_csv(path: Path) -> list[tuple[int, str, str]]:
    """Line number, file name and class of each picture.

    Raises:
        UsageError: No header ``filename,label``, or a line without class.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        lines = [[cell.strip() for cell in row] for row in csv.reader(file)]
    if not lines or lines[0][:2] != ['filename', 'label']:
        raise UsageError(
            f"{path} must begin with the line 'filename,label', then one "
            "line a picture, such as 'n0153282900000005.jpg,n01532829'"
        )
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cells):
            continue
        if len(cells) < 2 or not cells[0] or not cells[1]:
            raise UsageError(
                f'{path}, line {number}: expected filename,label, got '
                f'{",".join(cells)!r}'
            )
        rows.append((number, *cells[:2]))
    return rows
