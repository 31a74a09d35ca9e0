# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Files that are either the old or the new version, never a part of one."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmssl.utils.errors import UsageError

TEMPORARY_SUFFIX = '.tmp'


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name beside ``path`` and rename it on success.

    The temporary file lies in the same folder, because a rename is atomic
    only inside one file system.  It is on the disk (fsync) before it takes
    the final name.  After an error the old file, if any, is untouched.

    Args:
        path (str or PathLike): The final name; its folder is created.

    Yields:
        Path: Name to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        yield temporary
        with open(temporary, 'rb+') as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file atomically (UTF-8)."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding='utf-8')


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write plain Python as indented JSON, atomically."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + '\n')


def read_rows(path: Path) -> list[dict]:
    """Objects of a JSON list, or of JSON lines.

    Raises:
        UsageError: Broken JSON; names the line.
    """
    text = path.read_text(encoding='utf-8')
    if text.lstrip().startswith('['):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise UsageError(f'{path} is no JSON: {error}') from error
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise UsageError(
                    f'{path}: line {number} is no JSON: {error}'
                ) from error
    return rows
