# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Where pictures lie: files, a zip, a buffer, an array.

A source knows how many pictures there are, their names and labels, and reads
one.  Lists are kept in a few numpy buffers: Python objects would be copied
into every worker as soon as their reference counts are touched.
"""

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmssl.datasets.transforms.loading import UnreadableImage
from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path

EXTENSIONS = frozenset(
    f'.{ending}'
    for ending in (
        'bmp', 'gif', 'jpeg', 'jpg', 'jp2', 'pbm', 'pgm', 'png', 'ppm',
        'tif', 'tiff', 'webp',
    )
)  # fmt: skip

_HIDDEN = re.compile(r'(^|/)(\.[^./]|__MACOSX/)')


class Buffers(Sequence):
    """A list of byte strings in one buffer.

    Args:
        data (ndarray): (total,) uint8.
        offsets (ndarray): (n + 1,) int64; item i is
            ``data[offsets[i]:offsets[i + 1]]``.

    Raises:
        ValueError: The offsets do not divide the buffer.
    """

    def __init__(self, data: np.ndarray, offsets: np.ndarray) -> None:
        ends = offsets[[0, -1]].tolist() if len(offsets) else []
        if ends != [0, len(data)] or (np.diff(offsets) < 0).any():
            raise ValueError(
                f'offsets must rise from 0 to {len(data)}, the length of the '
                f'data; they begin and end with {ends}'
            )
        self.data = data
        self.offsets = offsets

    @classmethod
    def pack(cls, items: Sequence[bytes]) -> 'Buffers':
        """Copy a list of byte strings into one buffer."""
        offsets = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in items], out=offsets[1:])
        return cls(np.frombuffer(b''.join(items), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> bytes:
        start, stop = self.offsets[index], self.offsets[index + 1]
        return self.data[start:stop].tobytes()


class Source:
    """n pictures with names and perhaps labels.

    Args:
        names (Sequence[str]): Unique, shown in messages.
        labels (Sequence, optional): (n,) class numbers, >= 0, or
            (n, classes) 1, 0 or -1: there, only difficult ones, not there.
        classes (Sequence[str]): Name of each class number.
    """

    def __init__(
        self,
        names: Sequence[str],
        labels: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        self._names = Buffers.pack([os.fsencode(name) for name in names])
        self.labels = None if labels is None else np.asarray(labels, np.int64)
        self.classes = tuple(classes)

    def __len__(self) -> int:
        return len(self._names)

    def name(self, index: int) -> str:
        """Name of a picture."""
        return os.fsdecode(self._names[index])

    def read(self, index: int) -> bytes | np.ndarray:
        """Encoded picture, or array (h, w) or (h, w, 3) uint8 RGB.

        Raises:
            UnreadableImage: Names the picture and the reason.
        """
        raise NotImplementedError


class FileSource(Source):
    """Pictures in files; names are paths below ``root``, with slashes."""

    def __init__(
        self,
        root: str | Path,
        names: Sequence[str],
        labels: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__(names, labels, classes)
        self.root = os.fspath(root)

    def name(self, index: int) -> str:
        return os.path.join(self.root, self.relative(index))

    def relative(self, index: int) -> str:
        """Path below the root."""
        return super().name(index)

    def read(self, index: int) -> bytes:
        path = self.name(index)
        try:
            with open(path, 'rb') as file:
                return file.read()
        except OSError as error:
            raise UnreadableImage(f'{path}: {error.strerror}') from error


class ZipSource(Source):
    """Pictures inside a zip, stored or deflated, read in place.

    The directory of the archive is read once, here; a worker then opens the
    file and seeks.  (``zipfile`` in each worker would hold a Python object
    per picture per worker.)

    Args:
        path (str or Path): The archive.
        with_label (bool): The first folder of a member's path is its class.
    """

    def __init__(self, path: str | Path, with_label: bool = False) -> None:
        self.path = os.fspath(path)
        try:
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
        except (zipfile.BadZipFile, OSError) as error:
            raise UsageError(f'{path} is not a zip: {error}') from error
        members = [m for m in members if is_image(m.filename)]
        members.sort(key=lambda member: member.filename)
        names = [member.filename for member in members]
        labels, classes = None, ()
        if with_label:
            labels, classes = labels_of_folders(names, self.path)
        super().__init__(names, labels, classes)
        self._places = np.array(
            [
                (m.header_offset, m.compress_size, m.compress_type, m.CRC)
                for m in members
            ],
            dtype=np.int64,
        ).reshape(-1, 4)
        self._file = None
        self._pid = None

    def __getstate__(self) -> dict:
        return dict(self.__dict__, _file=None, _pid=None)

    def name(self, index: int) -> str:
        return f'{self.path}/{super().name(index)}'

    def read(self, index: int) -> bytes:
        offset, size, method, crc = self._places[index].tolist()
        try:
            data = self._member(offset, size)
            if method == zipfile.ZIP_DEFLATED:
                data = zlib.decompress(data, -zlib.MAX_WBITS)
            elif method != zipfile.ZIP_STORED:
                raise OSError(f'compression method {method}')
        except (OSError, zlib.error, struct.error) as error:
            raise UnreadableImage(f'{self.name(index)}: {error}') from error
        if zlib.crc32(data) != crc:
            raise UnreadableImage(f'{self.name(index)}: wrong checksum')
        return data

    def _member(self, offset: int, size: int) -> bytes:
        if self._pid != os.getpid():  # a fork shares the position in a file
            self._file, self._pid = open(self.path, 'rb'), os.getpid()  # noqa: SIM115
        self._file.seek(offset)
        header = self._file.read(30)
        name_length, extra_length = struct.unpack('<HH', header[26:30])
        self._file.seek(offset + 30 + name_length + extra_length)
        return self._file.read(size)


class BytesSource(Source):
    """Encoded pictures in one buffer, as an npz holds them."""

    def __init__(
        self,
        images: Buffers,
        names: Sequence[str],
        labels: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__(names, labels, classes)
        self.images = images

    def read(self, index: int) -> bytes:
        return self.images[index]


class ArraySource(Source):
    """Decoded pictures in one array, (n, h, w) or (n, h, w, 3) uint8 RGB."""

    def __init__(
        self,
        images: np.ndarray,
        name: str,
        labels: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__((), labels, classes)
        self.images = images
        self._name = name

    def __len__(self) -> int:
        return len(self.images)

    def name(self, index: int) -> str:
        return f'{self._name}#{index}'

    def read(self, index: int) -> np.ndarray:
        return np.array(self.images[index])  # a copy: views may write


class ChosenSource(Source):
    """Some pictures of another source, with labels of their own.

    Args:
        source (Source): Has the pictures.
        rows (Sequence[int]): (n,) places in it, in the wanted order.
        labels (Sequence[int], optional): (n,) class numbers.
        classes (Sequence[str]): Name of each class number.
    """

    def __init__(
        self,
        source: Source,
        rows: Sequence[int],
        labels: Sequence[int] | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__((), labels, classes)
        self.source = source
        self.rows = np.asarray(rows, np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def name(self, index: int) -> str:
        return self.source.name(self.rows[index])

    def read(self, index: int) -> bytes | np.ndarray:
        return self.source.read(self.rows[index])


def is_image(name: str) -> bool:
    """Whether a file's ending is that of a picture.

    What is hidden, by itself or by a folder (``.ipynb_checkpoints``), is not
    meant, nor are the shadows that macOS puts into archives.

    Args:
        name (str): Path below the data root, with slashes.
    """
    ending = os.path.splitext(name)[1].lower()
    return ending in EXTENSIONS and not _HIDDEN.search(name)


def list_images(root: str | Path) -> list[str]:
    """Pictures below a folder; see :func:`list_files`."""
    return [name for name in list_files(root) if is_image(name)]


def list_files(root: str | Path) -> list[str]:
    """Files below a folder, however deep; links are followed, but no
    folder is entered twice.  What is hidden is left out.

    Returns:
        list[str]: Paths below ``root`` with slashes, sorted.
    """
    names, seen = [], set()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link to a folder above would go round for ever
            folders.clear()
            continue
        seen.add(real)
        folders.sort()  # so that the same one of two links is always taken
        below = os.path.relpath(folder, root).replace(os.sep, '/')
        prefix = '' if below == '.' else f'{below}/'
        names += [prefix + name for name in files]
    return sorted(name for name in names if not _HIDDEN.search(name))


def labels_of_folders(
    names: Sequence[str], where: str
) -> tuple[np.ndarray, list[str]]:
    """Labels from the first folder of each path.

    Returns:
        tuple: (n,) int64 labels, and the sorted names of the classes.

    Raises:
        UsageError: If a picture lies in no folder.
    """
    parts = [name.split('/', 1) for name in names]
    for part in parts:
        if len(part) < 2:
            raise UsageError(
                f'labels are needed, but {part[0]} in {where} lies in no '
                'class folder; expected is one folder a class, for example '
                "'cat/0001.jpg' and 'dog/0001.jpg'"
            )
    classes = sorted({part[0] for part in parts})
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[p[0]] for p in parts], np.int64), classes


def read_list(path: str | Path) -> tuple[list[str], list[int] | None]:
    """Read lines of ``path`` or ``path label``; a path may hold blanks.

    A blank or a tab stands before the label.  Blank lines and lines that
    begin with # are left out.  All lines have a label or none has.

    Returns:
        tuple: Paths and labels; None without labels.

    Raises:
        UsageError: Lines with and without a label are mixed.
    """
    text = Path(path).read_text(encoding='utf-8-sig')
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith('#')]
    names, labels, plain = [], [], None
    for line in lines:
        name, *label = line.rsplit(maxsplit=1)
        if label and label[0].isdecimal():
            names.append(name)
            labels.append(int(label[0]))
        else:
            names.append(line)
            plain = line
    if labels and plain is not None:
        raise UsageError(
            f'{path} has lines with a label and lines without, such as '
            f"'{plain}'; write 'cat/0001.jpg 0' and 'dog/0001.jpg 1', or no "
            'label at all'
        )
    return names, labels or None


def write_image_npz(
    path: str | Path,
    images: Sequence[bytes],
    labels: Sequence[int] | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Write encoded pictures to an npz without pickles, atomically.

    Arrays: ``data`` (total,) uint8, ``offsets`` (n + 1,) int64, and with
    labels ``labels`` (n,) int64 and ``classes`` (k,) of strings.

    Args:
        path (str or Path): Ends in ``.npz``.
        images (Sequence[bytes]): JPEG, PNG, ...
        labels (Sequence[int], optional): Class numbers.
        classes (Sequence[str]): Their names.
    """
    packed = Buffers.pack(list(images))
    arrays = dict(data=packed.data, offsets=packed.offsets)
    if labels is not None:
        arrays['labels'] = np.asarray(labels, np.int64)
        arrays['classes'] = np.asarray(classes, np.str_)
    with atomic_path(path) as temporary, open(temporary, 'wb') as file:
        np.savez(file, **arrays)
