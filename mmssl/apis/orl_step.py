# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""A step of ORL's second stage: chunks, shards, one merged file.

A step works in chunks of pictures.  Each chunk is a file, written
atomically, so a step that was stopped goes on where it was; shards are
shares of the chunks, so however the work is divided, the merged file is the
same to the byte.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mmssl.datasets.correspondences import (
    make_header,
    read_arrays,
    read_header,
    write_arrays,
)
from mmssl.utils.errors import UsageError

CHUNK = 64
Arrays = dict[str, np.ndarray]


class Step:
    """A step of the second stage: chunks, shards, the merged file.

    Args:
        folder (str or PathLike): Of all files of the second stage.
        kind (str): Name of the step and of its file.
        names (Sequence[str]): The pictures.
        settings (dict): What the result depends on, plain Python.
        chunk (int): Pictures in a chunk.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        kind: str,
        names: Sequence[str],
        settings: dict,
        chunk: int = CHUNK,
    ) -> None:
        self.path = Path(folder) / f'{kind}.npz'
        self.parts = Path(folder) / 'parts' / kind
        self.kind, self.names, self.chunk = kind, names, chunk
        self.header = make_header(kind, names, dict(settings, chunk=chunk))
        self.count = -(-len(names) // chunk)

    def part(self, number: int) -> Path:
        """File of a chunk."""
        return self.parts / f'{number:06}.npz'

    def rows(self, number: int) -> range:
        """Pictures of a chunk."""
        start = number * self.chunk
        return range(start, min(start + self.chunk, len(self.names)))

    @property
    def done(self) -> bool:
        """Whether the merged file is there; one made otherwise is refused."""
        return self._is_ours(self.path)

    def _is_ours(self, path: Path) -> bool:
        if not path.exists():
            return False
        header = read_header(path, self.kind, self.names)
        if header['settings'] != self.header['settings']:
            different = [
                f'{key}={header["settings"].get(key)!r} there, {value!r} here'
                for key, value in self.header['settings'].items()
                if header['settings'].get(key) != value
            ]
            raise UsageError(
                f'{path} was made with other settings '
                f'({"; ".join(different) or "more of them"}); take another '
                '--out, or delete it'
            )
        return True

    def todo(self, shard: tuple[int, int] = (0, 1)) -> list[int]:
        """Chunks of a shard that are not on the disk.

        Args:
            shard (tuple[int, int]): Number p of P; chunks
                [p C // P, (p + 1) C // P).
        """
        p, shards = shard
        share = range(p * self.count // shards, (p + 1) * self.count // shards)
        return [c for c in share if not self._is_ours(self.part(c))]

    def write(self, number: int, arrays: Arrays) -> None:
        """Write a chunk."""
        write_arrays(self.part(number), self.header, arrays)

    def check_complete(self) -> None:
        """Refuse to merge with holes.

        Raises:
            UsageError: Names the pictures of the first missing chunk.
        """
        holes = [c for c in range(self.count) if not self.part(c).exists()]
        if holes:
            rows = self.rows(holes[0])
            raise UsageError(
                f'{len(holes)} of {self.count} parts of {self.kind} are '
                f'missing in {self.parts}, the first that of the pictures '
                f'{rows.start} to {rows.stop - 1}; run the shards that did '
                'not finish again'
            )

    def merged_parts(self) -> Iterator[Arrays]:
        """The chunks in order."""
        for number in range(self.count):
            yield read_arrays(self.part(number), self.kind, self.names)[0]

    def finish(self, arrays: Arrays) -> None:
        """Write the merged file and drop the chunks."""
        write_arrays(self.path, self.header, arrays)
        shutil.rmtree(self.parts, ignore_errors=True)

    def read(self) -> Arrays:
        """The merged file."""
        return read_arrays(self.path, self.kind, self.names)[0]


def file_digest(path: str | os.PathLike) -> str:
    """First 16 digits of the SHA-256 of a file: which weights these are."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:16]
