# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Data sets of small pictures in their official binary layouts."""

import pickle
from pathlib import Path

import numpy as np

from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.image_folders import not_empty
from mmssl.datasets.sources import ArraySource, Source, ZipSource
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

CIFAR_FILES = {
    'data_batch_1': dict(
        train=[f'data_batch_{i}' for i in range(1, 6)],
        test=['test_batch'],
        meta=('batches.meta', b'label_names'),
        labels=b'labels',
    ),
    'train': dict(
        train=['train'],
        test=['test'],
        meta=('meta', b'fine_label_names'),
        labels=b'fine_labels',
    ),
}
"""By the file that tells CIFAR-10 from CIFAR-100."""


@DATASETS.register_module()
class CIFAR(ImageDataset):
    """CIFAR-10 or CIFAR-100, 32 pixels.

    Args:
        data_root (str): Folder of the official python batches
            (``data_batch_1`` ... or ``train`` and ``test``), the folder above
            it, or a folder with ``train.zip`` and ``test.zip`` that hold one
            folder of pictures a class.
        split (str): ``'train'`` or ``'test'``.
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, ('train', 'test'))
        root = find_data(data_root, type(self).__name__)
        archive = root / f'{split}.zip'
        if archive.is_file():
            source = not_empty(ZipSource(archive, with_label=True), archive)
        else:
            source = cifar_source(root, split)
        super().__init__(source, **kwargs)


@DATASETS.register_module()
class STL10(ImageDataset):
    """STL-10 in its official binary layout, 96 pixels.

    Args:
        data_root (str): Folder of ``train_X.bin`` and so on.
        split (str): ``'train'`` (5,000 labelled), ``'test'`` (8,000), or
            ``'train+unlabeled'`` (105,000 without labels).
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs) -> None:
        check_split(split, ('train', 'test', 'train+unlabeled'))
        owner = type(self).__name__
        parts = [
            stl10_pixels(find_data(Path(data_root) / f'{part}_X.bin', owner))
            for part in split.split('+')
        ]
        pixels = parts[0] if len(parts) == 1 else np.concatenate(parts)
        labels, classes = None, ()
        if len(parts) == 1:
            path = find_data(Path(data_root) / f'{split}_y.bin', owner)
            labels = np.fromfile(path, np.uint8).astype(np.int64) - 1
            path = find_data(Path(data_root) / 'class_names.txt', owner)
            classes = path.read_text().split()
        super().__init__(
            ArraySource(pixels, data_root, labels, classes), **kwargs
        )


def stl10_pixels(path: Path) -> np.ndarray:
    """Pictures of one file, (n, 96, 96, 3) uint8, not read into memory.

    Raises:
        UsageError: Not whole pictures.
    """
    size = path.stat().st_size
    if size == 0 or size % (3 * 96 * 96):
        raise UsageError(
            f'{path} is cut off or no file of STL-10: its {size} bytes are '
            'no multiple of 3 * 96 * 96'
        )
    planes = np.memmap(path, np.uint8, 'r').reshape(-1, 3, 96, 96)
    return planes.transpose(0, 3, 2, 1)  # columns come first in the files


def check_split(split: str, allowed: tuple[str, ...]) -> None:
    """Refuse an unknown split.

    Raises:
        ValueError: Names the splits.
    """
    if split not in allowed:
        raise ValueError(
            f'split must be one of {list(allowed)}, got {split!r}'
        )


def cifar_source(root: Path, split: str) -> Source:
    """Pictures of the official python batches.

    Raises:
        UsageError: No such files at ``root`` or one folder below.
    """
    folders = [root, *sorted(p for p in root.glob('cifar-*') if p.is_dir())]
    for folder in folders:
        for key, layout in CIFAR_FILES.items():
            if (folder / key).is_file():
                return _read_batches(folder, layout, split)
    raise UsageError(
        f'no CIFAR in {root}: expected are data_batch_1 to 5 and test_batch '
        f'(CIFAR-10), train and test (CIFAR-100), or {split}.zip with one '
        'folder of pictures a class'
    )


def _read_batches(folder: Path, layout: dict, split: str) -> ArraySource:
    batches = [
        load_plain(folder / name, b'data', layout['labels'])
        for name in layout[split]
    ]
    pixels, labels = map(np.concatenate, zip(*batches, strict=True))
    meta, key = layout['meta']
    (names,) = load_plain(folder / meta, key)
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return ArraySource(
        np.ascontiguousarray(images),
        f'{folder}/{split}',
        labels,
        [name.decode() for name in names],
    )


def load_plain(path: Path, *keys: bytes) -> list:
    """Entries of a pickled dict of arrays, strings, lists and dicts.

    Raises:
        UsageError: Not such a pickle, or one that asks for anything else.
    """
    try:
        with open(path, 'rb') as file:
            content = _PlainUnpickler(file, encoding='bytes').load()
        return [content[key] for key in keys]
    except _UNPICKLING_ERRORS as error:
        raise UsageError(f'cannot read {path}: {error}') from error


# The last ones are what broken pickles, and pickles of others, also raise.
_UNPICKLING_ERRORS = (
    OSError, EOFError, ValueError, pickle.UnpicklingError,
    AttributeError, ImportError, LookupError, TypeError,
)  # fmt: skip


class _PlainUnpickler(pickle.Unpickler):
    """A pickle is a program; this one may only build arrays."""

    ALLOWED = {
        ('numpy', 'ndarray'),
        ('numpy', 'dtype'),
        ('numpy.core.multiarray', '_reconstruct'),
        ('numpy._core.multiarray', '_reconstruct'),
        ('_codecs', 'encode'),
    }

    def find_class(self, module: str, name: str):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(
                f'it asks for {module}.{name}, which is no plain array; the '
                'file is not the official one'
            )
        if name == '_reconstruct':  # its module was renamed in numpy 2
            return np.empty(0).__reduce__()[0]
        return super().find_class(module, name)
