# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Folders, lists and archives of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.sources import (
    Buffers,
    BytesSource,
    FileSource,
    Source,
    ZipSource,
    labels_of_folders,
    list_images,
    read_list,
)
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError


@DATASETS.register_module()
class ImageFolder(ImageDataset):
    """All pictures below a folder, sorted by path.

    Args:
        data_root (str): The folder; links are followed.
        with_label (bool): The folder directly below ``data_root`` is the
            class; classes are numbered in sorted order.
        folders (Sequence[str]): Only these ones directly below
            ``data_root``; all without.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: A folder that is not there, or no pictures.
    """

    def __init__(
        self,
        data_root: str,
        with_label: bool = False,
        folders: Sequence[str] = (),
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        for folder in folders:
            find_data(Path(data_root) / folder, owner)
        super().__init__(folder_source(root, with_label, folders), **kwargs)


@DATASETS.register_module()
class ImageList(ImageDataset):
    """Pictures that a text file names, in its order.

    Args:
        ann_file (str): Lines of ``path`` or ``path label``, UTF-8; relative
            to ``data_root``.
        data_root (str): Folder that the paths are relative to.
        with_label (bool): Refuse a list without labels.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        with_label: bool = False,
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        root = find_data(data_root, owner)
        path = find_data(Path(data_root) / ann_file, owner)
        super().__init__(list_source(path, root, with_label), **kwargs)


@DATASETS.register_module()
class ImageCoco(ImageDataset):
    """Pictures that an annotation file in COCO's layout lists, in its order.

    Without labels for translation, or to stay with one split; with them for
    pictures that show several classes.

    Args:
        ann_file (str): JSON with ``images``; relative to ``data_root``.
        data_root (str): Folder of the data set.
        images (str): Folder that the names are relative to, below
            ``data_root``.
        with_label (bool): Read boxes and say of each class of each picture
            whether it is there: 1, -1, or 0 if only in boxes marked
            ``ignore`` (VOC's difficult ones, as ``prepare_voc.py`` writes
            them) or ``iscrowd``.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        images: str = '',
        with_label: bool = False,
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        root = find_data(Path(data_root) / images, owner)
        path = find_data(Path(data_root) / ann_file, owner)
        super().__init__(coco_source(path, root, with_label), **kwargs)


@DATASETS.register_module()
class ImageZip(ImageDataset):
    """Pictures inside a zip, which is not unpacked; sorted by path.

    Args:
        data_root (str): The archive, stored or deflated.
        with_label (bool): The first folder inside is the class.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(
        self, data_root: str, with_label: bool = False, **kwargs
    ) -> None:
        path = find_data(data_root, type(self).__name__)
        source = not_empty(ZipSource(path, with_label), path)
        super().__init__(source, **kwargs)


@DATASETS.register_module()
class ImageNpz(ImageDataset):
    """Encoded pictures in one npz; :func:`write_image_npz` makes it.

    The file is read into memory once; workers share it.

    Args:
        data_root (str): The npz.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(self, data_root: str, **kwargs) -> None:
        path = find_data(data_root, type(self).__name__)
        super().__init__(not_empty(npz_source(path), path), **kwargs)


@DATASETS.register_module()
class ImageNet(ImageDataset):
    """A split in class folders, or a flat one with a list of labels.

    Fits ImageNet, its subsets, Tiny ImageNet and STL-10 in class folders.

    Args:
        data_root (str): Folder with one sub-folder a split.
        split (str): Name of that sub-folder, such as ``train`` or ``val``.
        ann_file (str): Lines of ``path label``, the paths relative to the
            split; the file relative to ``data_root`` (``meta/val.txt``).
            Without it the folders of the split are the classes.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        ann_file: str = '',
        **kwargs,
    ) -> None:
        owner = type(self).__name__
        folder = find_data(Path(data_root) / split, owner)
        if ann_file:
            path = find_data(Path(data_root) / ann_file, owner)
            source = list_source(path, folder, with_label=True)
        else:
            source = folder_source(folder, with_label=True)
        super().__init__(source, **kwargs)


def folder_source(
    root: Path, with_label: bool, folders: Sequence[str] = ()
) -> FileSource:
    """Pictures below a folder, or below some folders in it.

    Raises:
        UsageError: None there, or one outside class folders though labels
            are asked for.
    """
    names = list_images(root)
    if folders:
        chosen = set(folders)
        names = [name for name in names if name.split('/', 1)[0] in chosen]
    labels, classes = None, ()
    if with_label:
        labels, classes = labels_of_folders(names, str(root))
    return not_empty(FileSource(root, names, labels, classes), root)


def list_source(path: Path, root: Path, with_label: bool) -> FileSource:
    """Pictures that a list names.

    Raises:
        UsageError: Empty list, or labels asked for and absent.
    """
    names, labels = read_list(path)
    if with_label and labels is None and names:
        raise UsageError(
            f'labels are needed, but {path} has none; expected are lines '
            "such as 'cat/0001.jpg 0' and 'dog/0001.jpg 1'"
        )
    return not_empty(FileSource(root, names, labels), path)


def coco_source(path: Path, root: Path, with_label: bool) -> FileSource:
    """Pictures that an annotation file in COCO's layout lists.

    Raises:
        UsageError: No such file, it lists none, or a box is of an unknown
            picture or class.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        names = [entry['file_name'] for entry in content['images']]
        labels, classes = None, []
        if with_label:
            labels = classes_shown(content)
            classes = [entry['name'] for entry in content['categories']]
    except (ValueError, KeyError, TypeError) as error:
        boxes = ', their boxes and classes' if with_label else ''
        raise UsageError(
            f'{path} is no annotation file with images and their file_name'
            f'{boxes}: {error!r}'
        ) from error
    return not_empty(FileSource(root, names, labels, classes), path)


def classes_shown(content: dict) -> np.ndarray:
    """Which classes each picture shows, from boxes in COCO's layout.

    Args:
        content (dict): ``images``, ``categories``, ``annotations``.

    Returns:
        ndarray: (n, classes) int64 in {1, 0, -1}, see :class:`ImageCoco`.

    Raises:
        KeyError: A box of a picture or class that is not listed.
    """
    row = {entry['id']: i for i, entry in enumerate(content['images'])}
    column = {c['id']: i for i, c in enumerate(content['categories'])}
    labels = np.full((len(row), len(column)), -1, np.int64)
    for box in content['annotations']:
        place = row[box['image_id']], column[box['category_id']]
        certain = not (box.get('ignore') or box.get('iscrowd'))
        labels[place] = max(labels[place], int(certain))
    return labels


def npz_source(path: Path) -> BytesSource:
    """Pictures of an npz.

    Raises:
        UsageError: Not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images = Buffers(arrays['data'], arrays['offsets'])
            labels = arrays.get('labels')
            classes = arrays.get('classes', np.array([], np.str_)).tolist()
    except (
        KeyError,
        TypeError,
        ValueError,
        OSError,
        EOFError,
        BadZipFile,
    ) as error:
        raise UsageError(
            f'{path} is no npz of pictures ({error}); write it with '
            'mmssl.datasets.write_image_npz'
        ) from error
    names = [f'{path}#{i}' for i in range(len(images))]
    return BytesSource(images, names, labels, classes)


def not_empty(source: Source, where: Path) -> Source:
    """The source itself.

    Raises:
        UsageError: It holds no picture.
    """
    if len(source) == 0:
        raise UsageError(
            f'no pictures in {where}; files must end in .jpg, .jpeg, .png or '
            'another ending of mmssl.datasets.sources.EXTENSIONS'
        )
    return source
