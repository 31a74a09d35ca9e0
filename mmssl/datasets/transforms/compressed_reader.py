# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Motion vectors, picture types and pictures of a video, from one decode."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmssl.datasets.transforms.motion_vectors import motion_table
from mmssl.datasets.transforms.video_readers import (
    PyAVReader,
    UnreadableVideo,
)
from mmssl.utils.lazy import OptionalPackage

av = OptionalPackage('av', 'reading videos')

EXPORTING = (
    'h264', 'mpeg4', 'mpeg2video', 'mpeg1video', 'flv', 'msmpeg4',
)  # fmt: skip
"""Decoders of FFmpeg that export motion vectors; each is tried by a test."""


class UnsuitableVideo(UnreadableVideo):
    """A video that must be encoded anew; the message holds the command."""


class CompressedParts(NamedTuple):
    """What was read, by frame number.

    Attributes:
        types (dict[int, str]): 'I', 'P' or 'B' of every frame asked for.
        tables (dict[int, ndarray]): (n, 10) int16, see
            ``motion_vectors.COLUMNS``; no rows for I-frames.
        pictures (dict[int, ndarray]): (h, w, 3) uint8 RGB.
    """

    types: dict[int, str]
    tables: dict[int, np.ndarray]
    pictures: dict[int, np.ndarray]


class CompressedReader(PyAVReader):
    """Reads what the encoder left: motion vectors and picture types.

    FFmpeg gives the last picture of an MPEG-1 or MPEG-2 file, and where
    B-frames come before it of an MPEG-4 file, without its vectors.

    Args:
        path (str): The file.
        pixels (bool): False leaves out the inverse transform and the loop
            filter, which vectors do not depend on: faster, but there are no
            pictures to read.

    Raises:
        UnreadableVideo: It cannot be opened, or is cut off.
        UnsuitableVideo: Its codec exports no motion vectors, or players turn
            its pictures, and vectors would lie across them.
    """

    def __init__(self, path: str, pixels: bool = True) -> None:
        self.path, self.pixels = path, pixels
        if os.path.isfile(path):
            self._check_end()
        super().__init__(path)

    def _check_end(self) -> None:
        missing, readable = missing_bytes(self.path)
        if missing:
            rest = (
                f', or encode what is left: {reencode_command(self.path)}'
                if readable
                else ' (without its end nothing can be read)'
            )
            raise self.fail(
                f'it is cut off, {missing} bytes are missing at its end; '
                f'fetch it again{rest}'
            )

    def _open(self) -> None:
        super()._open()
        context = self._stream.codec_context
        if context.name not in EXPORTING:
            self.close()
            raise self.unsuitable(
                f'codec {context.codec.canonical_name} exports no motion '
                f'vectors ({", ".join(EXPORTING)} do)'
            )
        # Given to av.open they would not reach the decoder.
        context.options = {'flags2': '+export_mvs'} | (
            {}
            if self.pixels
            else {'skip_idct': 'all', 'skip_loop_filter': 'all'}
        )

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        return self._stream.codec_context.name

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the pictures."""
        return self._stream.height, self._stream.width

    def read_parts(
        self,
        vectors: Sequence[int] = (),
        pictures: Sequence[int] = (),
    ) -> CompressedParts:
        """Tables of some frames and pictures of some, from one decode.

        Args:
            vectors (Sequence[int]): Frames whose table is wanted.
            pictures (Sequence[int]): Frames whose picture is wanted, in the
                file's own size, as that is what vectors count.

        Returns:
            CompressedParts: Types of all of them.

        Raises:
            UnreadableVideo: A frame is broken, or not there.
            UnsuitableVideo: Players turn its pictures.
            ValueError: Pictures of a reader without pixels.
        """
        with_table, with_picture = set(vectors), set(pictures)
        if with_picture and not self.pixels:
            raise ValueError('a reader with pixels=False reads no pictures')
        wanted = np.array(sorted(with_table | with_picture), np.int64)
        if len(wanted) and wanted[-1] >= self.num_frames:
            raise self.fail(
                f'frame {wanted[-1]} is asked for, but there are '
                f'{self.num_frames}'
            )
        parts = CompressedParts({}, {}, {})

        def take(index: int, frame: 'av.VideoFrame') -> None:
            parts.types[index] = self._type_of(index, frame)
            if index in with_table:
                data = frame.side_data.get('MOTION_VECTORS')
                records = None if data is None else data.to_ndarray()
                parts.tables[index] = motion_table(records)
            if index in with_picture:
                parts.pictures[index] = frame.to_ndarray(format='rgb24')

        self._collect(wanted, take)
        return parts

    def picture_types(self) -> str:
        """A letter for each frame, 'IPPB...', from decoding all of them.

        Raises:
            UnreadableVideo: A frame is broken, or not there.
            UnsuitableVideo: Players turn its pictures.
        """
        every = np.arange(self.num_frames)
        return ''.join(self._collect(every, self._type_of).values())

    def key_before(self, index: int) -> int:
        """The I-frame from which a frame can be decoded."""
        return self._key_before(index)

    def _type_of(self, index: int, frame: 'av.VideoFrame') -> str:
        """Letter of a frame that is whole and upright."""
        if frame.is_corrupt:
            raise self.fail(
                f'frame {index} of {self.num_frames} is broken, perhaps as '
                'the file is cut off; fetch it again, or encode what is '
                f'left: {reencode_command(self.path)}'
            )
        if frame.rotation:
            raise self.unsuitable(
                f'players turn it by {frame.rotation} degrees, and motion '
                'vectors would lie across the pictures'
            )
        from av.video.frame import PictureType

        return PictureType(frame.pict_type).name

    def unsuitable(self, reason: str) -> UnsuitableVideo:
        """The error that says how to encode this file anew."""
        return UnsuitableVideo(
            f'{self.path}: {reason}; encode it anew: '
            f'{reencode_command(self.path)}'
        )


def reencode_command(path: str) -> str:
    """The command that makes a file whose vectors can be used.

    MPEG-4 Part 2, an I-frame every 12 frames, no B-frames, as published.
    """
    written = Path(path).with_name(f'{Path(path).stem}_gop12.mp4')
    return (
        'python tools/dataset_tools/reencode_videos.py '
        f'{shlex.quote(str(path))} {shlex.quote(str(written))}'
    )


def missing_bytes(path: str) -> tuple[int, bool]:
    """How many bytes an AVI or MP4 file lacks at its end.

    FFmpeg reads a shortened AVI file without an error, and of an MP4 file
    without its last box it only says that the data are invalid.

    Args:
        path (str): The file.

    Returns:
        tuple[int, bool]: Bytes that the file's own lengths promise beyond
        its end, 0 for other formats; whether what is there can be read.
    """
    length = os.path.getsize(path)
    with open(path, 'rb') as file:
        head = file.read(12)
        if head[:4] == b'RIFF':
            promised = 8 + int.from_bytes(head[4:8], 'little')
            return max(0, promised - length), True
        if head[4:8] != b'ftyp':
            return 0, True
        position, readable = 0, False
        while position + 8 <= length:
            file.seek(position)
            head = file.read(16)
            size = int.from_bytes(head[:4], 'big')
            if size == 1:  # a 64-bit length follows
                size = int.from_bytes(head[8:16], 'big')
            if size < 8:  # the last box goes to the end
                return 0, True
            position += size
            readable |= head[4:8] == b'moov' and position <= length
    # Cut between two boxes, at least the table of contents is missing.
    return max(0, position - length, int(not readable)), readable
