# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Frames of video files by their number, decoded by PyAV."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmssl.utils.errors import UsageError

ENDINGS = ('.mp4', '.avi', '.mkv', '.mov', '.webm', '.m4v', '.mpg', '.mpeg')


class UnreadableVideo(UsageError):
    """A video that cannot be read; the message names file and reason."""


class VideoFile(Sequence):
    """Frames (3, h, w) uint8 RGB of a video, upright, in order of display.

    Opening reads the packets but decodes nothing, and counts the pictures
    that are there, not those that the header promises.

    Args:
        path (str or Path): The file.

    Raises:
        UnreadableVideo: No video, or one without pictures; on reading, a
            picture that cannot be decoded.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._opened() as container:
            stream = _video_stream(container, self.path)
            packets = [p for p in container.demux(stream) if p.size]
            self.rate = float(stream.average_rate or 25)
        times = [packet.pts for packet in packets]
        # Without times of display there is nothing to seek by.
        self._times = sorted(times) if None not in times else None
        self._keys = [
            (packet.pts, packet.pts if packet.dts is None else packet.dts)
            for packet in packets
            if packet.is_keyframe and packet.pts is not None
        ]
        self._count = len(times)
        if not times:
            raise UnreadableVideo(f'video {self.path} has no frames')

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Tensor:
        (frame,) = self.read([range(len(self))[index]])
        return torch.from_numpy(frame).permute(2, 0, 1)

    def __iter__(self) -> Iterator[Tensor]:
        for frame in self._decoded(None):
            yield torch.from_numpy(frame).permute(2, 0, 1)

    def read(self, ids: Sequence[int]) -> np.ndarray:
        """Some frames, from one pass over the part that holds them.

        Args:
            ids (Sequence[int]): Numbers in [0, n), in any order.

        Returns:
            ndarray: (len(ids), h, w, 3) uint8 RGB.
        """
        wanted = sorted(set(ids))
        found = dict(zip(wanted, self._decoded(wanted), strict=False))
        if len(found) < len(wanted):
            raise UnreadableVideo(
                f'video {self.path}: frame {wanted[len(found)]} of '
                f'{len(self)} cannot be decoded'
            )
        return np.stack([found[number] for number in ids])

    def _opened(self):
        import av

        try:
            return av.open(str(self.path))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UnreadableVideo(
                f'video {self.path} cannot be read: {error}'
            ) from error

    def _decoded(self, wanted: list[int] | None) -> Iterator[np.ndarray]:
        """Frames with the wanted numbers, or all."""
        import av

        with self._opened() as container:
            stream = _video_stream(container, self.path)
            times = self._times
            left = None if wanted is None else list(wanted)
            if left and times is not None and left[0] > 0:
                # Seeking goes by the time of decoding, which with pictures
                # that are coded out of order is before that of display.
                before = [d for p, d in self._keys if p <= times[left[0]]]
                if before:
                    container.seek(before[-1], stream=stream)
            try:
                for number, frame in enumerate(container.decode(stream)):
                    if left is None:
                        yield _upright(frame)
                        continue
                    hit = (
                        number == left[0]
                        if times is None
                        else frame.pts == times[left[0]]
                    )
                    if hit:
                        yield _upright(frame)
                        del left[0]
                        if not left:
                            return
            except av.FFmpegError as error:
                raise UnreadableVideo(
                    f'video {self.path} cannot be decoded: {error}'
                ) from error


def _video_stream(container, path: Path):
    if not container.streams.video:
        raise UnreadableVideo(f'{path} has no video stream')
    return container.streams.video[0]


def _upright(frame) -> np.ndarray:
    """(h, w, 3) uint8 RGB, turned as the file asks."""
    turns = round(getattr(frame, 'rotation', 0) / 90) % 4
    picture = frame.to_ndarray(format='rgb24')
    return np.ascontiguousarray(np.rot90(picture, turns))
