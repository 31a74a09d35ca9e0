# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What a reader of motion vectors must know of each video, found once.

Picture types cost a decode of the whole video, so they are kept in a JSON
file, one line a video, beside the videos.
"""

import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mmssl.datasets.transforms.compressed_reader import CompressedReader
from mmssl.datasets.transforms.video_readers import UnreadableVideo
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.parallel import Progress, process_map

FORMAT = 1
INDEX_NAME = 'motion_index.json'


class VideoEntry(NamedTuple):
    """One video of an index.

    Attributes:
        codec (str): FFmpeg's name.
        height (int): Pixels.
        width (int): Pixels.
        types (str): 'I', 'P' or 'B' of each frame, in order of display.
        bytes (int): Length of the file.
        modified (int): Its time of change, ns.
    """

    codec: str
    height: int
    width: int
    types: str
    bytes: int
    modified: int


class StaleIndex(UsageError):
    """A file that is not the one that the index was made of."""


class VideoIndex:
    """Entries of the videos below a folder.

    Args:
        root (str or Path): The folder.
        entries (dict[str, VideoEntry]): By the path below it.
        unreadable (dict[str, str]): Reasons of those that cannot be used.
    """

    def __init__(
        self,
        root: str | Path,
        entries: dict[str, VideoEntry],
        unreadable: dict[str, str] | None = None,
    ) -> None:
        self.root = Path(root)
        self.entries = entries
        self.unreadable = unreadable or {}

    @classmethod
    def build(
        cls,
        root: str | Path,
        names: Sequence[str],
        workers: int = 1,
        known: 'VideoIndex | None' = None,
    ) -> 'VideoIndex':
        """Decode every video once.

        Args:
            root (str or Path): The folder.
            names (Sequence[str]): Paths below it.
            workers (int): Processes.
            known (VideoIndex, optional): Entries that still fit their file
                are taken from here.
        """
        index = cls(root, {})
        old = {} if known is None else known.entries
        todo = []
        for name in names:
            if name in old and is_fresh(old[name], index.root / name):
                index.entries[name] = old[name]
            else:
                todo.append(name)
        progress = Progress('index', len(todo), 'videos')
        with process_map(min(workers, len(todo))) as run:
            for name, found in zip(
                todo, run(partial(_entry_or_reason, str(root)), todo),
                strict=True,
            ):  # fmt: skip
                if isinstance(found, VideoEntry):
                    index.entries[name] = found
                else:
                    index.unreadable[name] = found
                progress.add()
        return index

    @classmethod
    def read(cls, path: str | Path) -> 'VideoIndex':
        """Read an index; its videos lie beside it.

        Raises:
            UsageError: It is absent, no index, or of another format.
        """
        path = Path(path)
        command = build_command(path)
        if not path.is_file():
            raise UsageError(f'no index {path}; make it: {command}')
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
            version = content['format']
            entries = {
                name: VideoEntry(*entry)
                for name, entry in content['videos'].items()
            }
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f'{path} is no index of videos ({error!r}); make it anew: '
                f'{command}'
            ) from error
        if version != FORMAT:
            raise UsageError(
                f'{path} has format {version}, this program reads {FORMAT}; '
                f'make it anew: {command}'
            )
        return cls(path.parent, entries, content['unreadable'])

    def write(self, path: str | Path) -> None:
        """Write it atomically, a line a video."""
        parts = dict(unreadable=self.unreadable, videos=self.entries)
        lines = [f'"{name}": {_lines(part)}' for name, part in parts.items()]
        text = ',\n'.join([f'"format": {FORMAT}', *lines])
        write_text(path, f'{{{text}}}\n')

    def entry(self, name: str) -> VideoEntry:
        """The entry of a video, if the file is still that one.

        Raises:
            UsageError: The index does not know it.
            UnreadableVideo: The index knows that it cannot be used.
            StaleIndex: The file has changed since.
        """
        path = self.root / name
        if name in self.unreadable:
            raise UnreadableVideo(self.unreadable[name])
        if name not in self.entries:
            raise UsageError(
                f'the index of {self.root} does not know {name}; make it '
                f'anew: {build_command(self.root / INDEX_NAME)}'
            )
        entry = self.entries[name]
        if not is_fresh(entry, path):
            raise StaleIndex(
                f'{path} is newer than its entry in the index, or of '
                'another length; make the index anew: '
                f'{build_command(self.root / INDEX_NAME)}'
            )
        return entry


def read_entry(path: str | Path) -> VideoEntry:
    """Decode a video for its entry.

    Raises:
        UnreadableVideo: It is broken, cut off, or without motion vectors.
    """
    with CompressedReader(str(path), pixels=False) as reader:
        types = reader.picture_types()
        status = os.stat(path)
        return VideoEntry(
            reader.codec, *reader.size, types, status.st_size,
            status.st_mtime_ns,
        )  # fmt: skip


def is_fresh(entry: VideoEntry, path: str | Path) -> bool:
    """Whether a file is there, of that length and unchanged."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return (entry.bytes, entry.modified) == (
        status.st_size, status.st_mtime_ns,
    )  # fmt: skip


def build_command(path: Path) -> str:
    """The command that makes an index."""
    return f'python tools/dataset_tools/index_videos.py {path.parent}'


def _entry_or_reason(root: str, name: str) -> VideoEntry | str:
    try:
        return read_entry(Path(root) / name)
    except UnreadableVideo as error:
        return str(error)


def _lines(content: dict[str, Iterable | str]) -> str:
    rows = (f'{json.dumps(k)}: {json.dumps(v)}' for k, v in content.items())
    return '{' + ',\n'.join(rows) + '}'
