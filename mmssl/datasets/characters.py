# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Small grey pictures of digits and letters."""

import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from mmssl.datasets.image_dataset import ImageDataset, find_data
from mmssl.datasets.small_images import check_split
from mmssl.datasets.sources import ArraySource, is_image, list_images
from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

MNIST_FILES = dict(train='train', test='t10k')


@DATASETS.register_module()
class MNIST(ImageDataset):
    """MNIST, or a data set in its format, 28 pixels.

    Args:
        data_root (str): Folder of ``train-images-idx3-ubyte`` and so on,
            gzipped or not.
        split (str): ``'train'`` (60,000) or ``'test'`` (10,000).
        count (int, optional): Pictures to keep; None keeps all.
        subset_seed (int, optional): The pictures kept are the first of
            numpy's ``RandomState(subset_seed).permutation``; None keeps the
            first of the file.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: A file is absent or broken, or has not so many pictures.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        count: int | None = None,
        subset_seed: int | None = None,
        **kwargs,
    ) -> None:
        check_split(split, tuple(MNIST_FILES))
        root = find_data(data_root, type(self).__name__)
        stem = MNIST_FILES[split]
        images = read_idx(find_idx(root, f'{stem}-images-idx3-ubyte'), 3)
        labels = read_idx(find_idx(root, f'{stem}-labels-idx1-ubyte'), 1)
        if count is not None:
            if not 1 <= count <= len(images):
                raise UsageError(
                    f'count must be between 1 and the {len(images)} pictures '
                    f'of {root}, got {count}'
                )
            order = np.arange(len(images))
            if subset_seed is not None:
                order = np.random.RandomState(subset_seed).permutation(order)
            images, labels = images[order[:count]], labels[order[:count]]
        classes = [str(digit) for digit in range(10)]
        source = ArraySource(images, f'{root}/{split}', labels, classes)
        super().__init__(source, **kwargs)


def find_idx(root: Path, name: str) -> Path:
    """A file of the IDX format, as it is or gzipped.

    Raises:
        UsageError: Neither is there.
    """
    for path in (root / name, root / f'{name}.gz'):
        if path.is_file():
            return path
    raise UsageError(
        f'no MNIST in {root}: {name} or {name}.gz is expected there; set '
        'data_root'
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read an IDX file of bytes.

    Args:
        path (Path): Gzipped if its name ends with .gz.
        dimensions (int): 3 for pictures, 1 for labels.

    Returns:
        ndarray: uint8.

    Raises:
        UsageError: The file is broken or of another kind.
    """
    opener = gzip.open if path.suffix == '.gz' else open
    try:
        with opener(path, 'rb') as file:
            data = file.read()
        magic, *shape = struct.unpack_from(f'>{dimensions + 1}I', data)
        if magic != 0x800 + dimensions:
            raise ValueError(f'it begins with {magic:#x}')
        return np.frombuffer(
            data, np.uint8, offset=4 * (dimensions + 1)
        ).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise UsageError(
            f'{path} is cut off or no IDX file of {dimensions} dimensions: '
            f'{error}'
        ) from error


@DATASETS.register_module()
class EmbeddedDigits(ImageDataset):
    """The 1,797 handwritten digits of scikit-learn, 8 pixels, 10 classes.

    The first three quarters, in the order of the file, are the training
    split.

    Args:
        split (str): ``'train'`` (1,347) or ``'test'`` (450).
        **kwargs: See :class:`ImageDataset`.
    """

    def __init__(self, split: str = 'train', **kwargs) -> None:
        from sklearn.datasets import load_digits

        check_split(split, ('train', 'test'))
        digits = load_digits()
        images = np.uint8(digits.images * (255 / 16))
        border = len(images) * 3 // 4
        part = slice(border) if split == 'train' else slice(border, None)
        source = ArraySource(
            images[part],
            f'EmbeddedDigits/{split}',
            digits.target[part],
            [str(digit) for digit in range(10)],
        )
        super().__init__(source, **kwargs)


@DATASETS.register_module()
class Omniglot(ImageDataset):
    """Letters of Omniglot, ink white, with their alphabets as labels.

    Every alphabet is in both splits: a quarter of its drawers, drawn by a
    seed, are the test split.  A picture that lies in several archives is
    taken once.

    The version of 28 pixels that papers on VAEs use, ``chardata.mat`` of
    https://github.com/yburda/iwae, has a split of its own (24,345 and 8,070
    pictures, 50 alphabets in both).

    Args:
        data_root (str): Folder with ``images_*.zip``, or with the same
            unpacked: ``[images_*/]ALPHABET/characterNN/NNNN_DD.png``; or a
            file such as ``chardata.mat``, see :func:`omniglot_arrays`.
        split (str): ``'train'`` or ``'test'``.
        size (int): Side to which the 105 pixels are scaled; not used for a
            file.
        split_seed (int): Chooses the drawers of the test split; not used
            for a file.
        **kwargs: See :class:`ImageDataset`.

    Raises:
        UsageError: No such pictures.
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        size: int = 28,
        split_seed: int = 0,
        **kwargs,
    ) -> None:
        check_split(split, ('train', 'test'))
        root = find_data(data_root, type(self).__name__)
        images, labels, classes = (
            omniglot_arrays(root, split)
            if root.is_file()
            else omniglot_pictures(root, split, size, split_seed)
        )
        source = ArraySource(images, f'{root}/{split}', labels, classes)
        super().__init__(source, **kwargs)


def omniglot_pictures(
    root: Path, split: str, size: int, split_seed: int
) -> tuple[np.ndarray, list[int], list[str]]:
    """Pictures of a split of archives or folders, as :class:`Omniglot`.

    Returns:
        tuple: (n, size, size) uint8, the label of each, names of alphabets.

    Raises:
        UsageError: There are none.
    """
    found = {}
    for name, data in omniglot_files(root):
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and '_' in parts[-1]:
            found.setdefault(parts[-3:], data)
    if not found:
        raise UsageError(
            f'no Omniglot in {root}: expected are images_*.zip, or '
            'folders such as Greek/character01/0394_01.png'
        )
    classes = sorted({alphabet for alphabet, *_ in found})
    kept = [
        (key, data)
        for key, data in sorted(found.items())
        if (drawer_of(key) in drawers_for_test(key[0], split_seed))
        == (split == 'test')
    ]
    images = np.stack([ink(data, size, key) for key, data in kept])
    return images, [classes.index(key[0]) for key, _ in kept], classes


def omniglot_arrays(
    path: Path, split: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """A split of ``chardata.mat``, or of an ``.npz`` with the same arrays.

    ``data`` (pixels, n): square pictures in [0, 1], ink 1, a column of
    pixels after the other as MATLAB stores them; ``target`` (alphabets, n):
    1 at the alphabet, else 0.  ``testdata`` and ``testtarget`` likewise.

    Args:
        path (Path): The file.
        split (str): ``'train'`` or ``'test'``.

    Returns:
        tuple: (n, side, side) uint8, (n,) int64 labels, names of alphabets,
        which are numbers, as the file has none.

    Raises:
        UsageError: Not such a file, or its arrays do not fit.
    """
    names = {'train': ('data', 'target'), 'test': ('testdata', 'testtarget')}
    try:
        if path.suffix == '.npz':
            with np.load(path) as content:
                data, target = (content[name] for name in names[split])
        else:
            content = loadmat(path, variable_names=names[split])
            data, target = (content[name] for name in names[split])
    except (OSError, KeyError, ValueError, MatReadError) as error:
        raise UsageError(
            f'{path} is no Omniglot file with the arrays '
            f'{" and ".join(names[split])}: {error}; take chardata.mat of '
            'https://github.com/yburda/iwae'
        ) from error
    side = math.isqrt(len(data))
    if side * side != len(data) or data.shape[1:] != target.shape[1:]:
        raise UsageError(
            f'{path}: {names[split][0]} must be (pixels of a square, n) and '
            f'{names[split][1]} (alphabets, n), got {data.shape} and '
            f'{target.shape}'
        )
    if not (data.min() >= 0 and data.max() <= 1):
        raise UsageError(
            f'{path}: pixels of {names[split][0]} must be in [0, 1], got '
            f'{data.min():g} to {data.max():g}'
        )
    if not (target.astype(bool).sum(0) == 1).all():
        raise UsageError(
            f'{path}: every picture needs one alphabet in {names[split][1]}'
        )
    images = np.uint8(255 * data.T.reshape(-1, side, side) + 0.5)
    classes = [f'alphabet {number}' for number in range(len(target))]
    return images.transpose(0, 2, 1), target.argmax(0), classes


def omniglot_files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Names and encoded pictures, of archives and of folders."""
    for path in sorted(root.glob('images_*.zip')):
        with zipfile.ZipFile(path) as archive:
            for name in filter(is_image, archive.namelist()):
                yield name, archive.read(name)
    for name in list_images(root):
        yield name, (root / name).read_bytes()


def drawer_of(key: Sequence[str]) -> int:
    """Drawer of a picture, in 1..20: ``0394_07.png`` is of the seventh."""
    return int(PurePosixPath(key[-1]).stem.rpartition('_')[2])


def drawers_for_test(alphabet: str, seed: int) -> frozenset[int]:
    """The five of the twenty drawers of an alphabet that are tested.

    Which five hangs on its name, so that more alphabets change nothing.
    """
    key = np.random.SeedSequence((seed, *alphabet.encode()))
    rng = np.random.Generator(np.random.PCG64(key))
    return frozenset((1 + rng.permutation(20)[:5]).tolist())


def ink(data: bytes, size: int, key: Sequence[str]) -> np.ndarray:
    """Decode, make the ink white, and scale; (size, size) uint8.

    A stroke is thinner than a pixel of the result, so the mean would be
    dark: what counts is the share of ink, relative to the darkest pixel.

    Raises:
        UsageError: Not a picture.
    """
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise UsageError(f'{"/".join(key)} of Omniglot is not a picture')
    small = cv2.resize(255 - picture, (size, size), None, 0, 0, cv2.INTER_AREA)
    return np.uint8(small * (255 / max(1, int(small.max()))))
