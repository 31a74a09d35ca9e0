# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Files from the net: resumed, checked by hash, whole or absent."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from mmssl.utils.errors import UsageError

CACHE_VARIABLE = 'MMSSL_HOME'
PART_SUFFIX = '.part'
CHUNK = 1 << 20
TRIES = 3
"""Connections to one address while each brings the file further."""


class _Failed(Exception):
    """One address did not give the file; the message says why."""


def cache_dir() -> Path:
    """Where downloads are kept.

    Returns:
        Path: ``MMSSL_HOME``, or ``~/.cache/mmssl``.
    """
    home = os.environ.get(CACHE_VARIABLE)
    return Path(home) if home else Path.home() / '.cache' / 'mmssl'


def sha256_of(path: str | os.PathLike) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def download(
    addresses: Sequence[str],
    path: str | os.PathLike,
    sha256: str,
    timeout: float = 30,
) -> Path:
    """Fetch a file unless it is there already.

    A file of the right hash is returned without asking the net.  What an
    ended connection brought stays beside the final name and the next call
    goes on from there, where the server supports ranges.  Processes that want
    the same file wait for the first of them.

    Args:
        addresses (Sequence[str]): The same file, tried in order.
        path (str or PathLike): Final name; appears only once the hash fits.
        sha256 (str): Expected hash, 64 hexadecimal digits.
        timeout (float): Seconds without an answer until an address is given
            up.

    Returns:
        Path: ``path``.

    Raises:
        UsageError: No address gave the file; says why for each.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f'{path}.lock'):
        if path.is_file() and sha256_of(path) == sha256:
            return path
        reasons = []
        for address in addresses:
            try:
                _fetch(address, path, sha256, timeout)
                return path
            except _Failed as failure:
                reasons.append(f'{address}: {failure}')
    raise UsageError(
        f'{path.name} could not be downloaded; '
        + '; '.join(reasons)
        + f'; call again to go on, or put the file at {path} yourself'
    )


def _fetch(address: str, path: Path, sha256: str, timeout: float) -> None:
    part = path.with_name(path.name + PART_SUFFIX)
    resumed = part.is_file()
    _fill(address, part, timeout)
    found = sha256_of(part)
    if found != sha256 and resumed:
        # The beginning may be that of an older file: once more from zero.
        part.unlink()
        _fill(address, part, timeout)
        found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise _Failed(
            f'the file has SHA-256 {found[:12]}..., expected {sha256[:12]}...'
        )
    with open(part, 'rb+') as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def _fill(address: str, part: Path, timeout: float) -> None:
    """Bring ``part`` to its full length."""
    for left in reversed(range(TRIES)):
        before = _size(part)
        try:
            _read_on(address, part, timeout)
            return
        except urllib.error.HTTPError as error:
            raise _Failed(f'HTTP {error.code} {error.reason}') from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, 'reason', error)
            if not left or _size(part) == before:
                raise _Failed(
                    f'{reason} (after {_size(part)} bytes)'
                ) from error


def _read_on(address: str, part: Path, timeout: float) -> None:
    """One connection: append what is missing, or begin anew."""
    start = _size(part)
    headers = {'Range': f'bytes={start}-'} if start else {}
    request = urllib.request.Request(address, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:
            return  # nothing is left to send; the hash tells
        raise
    with answer:
        if answer.status != 206:
            start = 0
        length = answer.headers.get('Content-Length')
        total = start + int(length) if length else None
        with (
            open(part, 'ab' if start else 'wb') as file,
            _progress() as progress,
        ):
            name = part.name.removesuffix(PART_SUFFIX)
            task = progress.add_task(name, total=total, completed=start)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                progress.advance(task, len(chunk))
    if total is not None and _size(part) < total:
        raise http.client.HTTPException(
            f'the connection ended at {_size(part)} of {total} bytes'
        )


def _progress() -> Progress:
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
