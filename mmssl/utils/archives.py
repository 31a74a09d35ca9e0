# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Unpacking of downloads, so that a second call does what is left."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from mmssl.utils.errors import UsageError
from mmssl.utils.files import TEMPORARY_SUFFIX


def unpack(archive: Path, out: Path, without: str = '') -> None:
    """Extract the files of a zip or tar that are not there in full size.

    Args:
        archive (Path): ``.zip``, else a tar in any compression.
        out (Path): Folder; a file appears in it only when it is whole.
        without (str): Beginning of the names in the archive to leave out.

    Raises:
        UsageError: The archive is damaged or none, or holds a name outside
            ``out``.
    """
    try:
        for name, size, read in _members(archive):
            target = out / name.removeprefix(without)
            if not target.resolve().is_relative_to(out.resolve()):
                raise UsageError(
                    f'{archive} holds {name}, which lies outside {out}; '
                    'that is not the archive that is wanted'
                )
            if target.is_file() and target.stat().st_size == size:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + TEMPORARY_SUFFIX)
            with read() as source, open(part, 'wb') as file:
                shutil.copyfileobj(source, file)
            # Not waiting for the disk, as atomic_path does: there may be
            # 100,000 files, and the next call compares their sizes.
            part.replace(target)
    except (
        zipfile.BadZipFile, tarfile.TarError, OSError, EOFError,
    ) as error:  # fmt: skip
        raise UsageError(
            f'{archive} cannot be unpacked ({error}); download it again'
        ) from error
    print(f'unpacked: {archive.name}')


def _members(
    archive: Path,
) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Name, size and opener of each file."""
    if archive.suffix == '.zip':
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    opener = partial(zipped.open, entry)
                    yield entry.filename, entry.file_size, opener
    else:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile():
                    opener = partial(opened.extractfile, member)
                    yield member.name, member.size, opener
