# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Reading chosen frames of a video, by one of several libraries.

A reader knows ``num_frames`` and ``fps``, and gives frames by their number,
counted from 0 in the order of presentation.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmssl.datasets.transforms.loading import DataError, UnreadableSample
from mmssl.utils.lazy import OptionalPackage, PackageMissing

av = OptionalPackage('av', 'reading videos')
decord = OptionalPackage('decord', "backend='decord'")
torchcodec = OptionalPackage('torchcodec.decoders', "backend='torchcodec'")

VIDEO_ENDINGS = (
    '.avi', '.flv', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.ogv',
    '.ts', '.webm', '.wmv',
)  # fmt: skip


def is_video(name: str) -> bool:
    """Whether a file's ending is that of a video."""
    return os.path.splitext(name)[1].lower() in VIDEO_ENDINGS


class UnreadableVideo(UnreadableSample, DataError):
    """A video that cannot be read; the message names file and reason.

    Data sets of views warn and take another; elsewhere it ends the run with
    its one line.
    """


class VideoReader:
    """Base of the readers, a context manager.

    Args:
        path (str): The file.

    Raises:
        UnreadableVideo: It cannot be opened or holds no frames.
    """

    num_frames: int
    fps: float

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.isfile(path):
            raise UnreadableVideo(f'{path}: no such file')

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(self, *args) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""

    def read(
        self, indices: Sequence[int], short_side: int | None = None
    ) -> np.ndarray:
        """Frames by number, decoded once each, in the order asked for.

        Args:
            indices (Sequence[int]): (n,) in [0, num_frames).
            short_side (int, optional): Length to which the shorter side is
                scaled, bilinear; None keeps the size.

        Returns:
            ndarray: (n, h, w, 3) uint8 RGB.

        Raises:
            UnreadableVideo: A frame cannot be decoded.
        """
        wanted, places = np.unique(indices, return_inverse=True)
        return self._read(wanted, short_side)[places]

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        """The same for distinct sorted numbers."""
        raise NotImplementedError

    def fail(self, reason: str) -> UnreadableVideo:
        """The error for this file."""
        return UnreadableVideo(f'{self.path}: {reason}')


def scaled_size(
    height: int, width: int, short_side: int | None
) -> tuple[int, int]:
    """(h, w) after scaling the shorter side; the longer is cut to whole."""
    if short_side is None:
        return height, width
    if height < width:
        return short_side, width * short_side // height
    return height * short_side // width, short_side


def scale_frames(frames: np.ndarray, short_side: int | None) -> np.ndarray:
    """(n, h, w, 3) to the length of the shorter side, bilinear."""
    size = scaled_size(*frames.shape[1:3], short_side)
    if size == frames.shape[1:3]:
        return frames
    return np.stack([cv2.resize(frame, size[::-1]) for frame in frames])


class PacketIndex(NamedTuple):
    """What the packets of a file say, in the order of presentation.

    Attributes:
        stamps (ndarray): (n,) int64, times of presentation.
        keys (ndarray): Numbers of the key frames.
        fps (float): Frames a second.
        seekable (bool): The stamps lead to the frames.
    """

    stamps: np.ndarray
    keys: np.ndarray
    fps: float
    seekable: bool


class PyAVReader(VideoReader):
    """FFmpeg by PyAV: seeks to the key frame before what is wanted.

    The container's packets are listed first, without decoding: so the
    number of frames is not what a header claims (AVI counts frames that were
    dropped), and at a variable frame rate every frame still counts once.
    Where the time stamps cannot be trusted (frames out of order in AVI), are
    absent (bare streams), or do not lead to the frames, decoding begins at
    the start and counts.

    Args:
        path (str): The file.
        index (PacketIndex, optional): ``index`` of an earlier reader of the
            same file, which saves reading its packets again.

    Raises:
        UnreadableVideo: See the base.
    """

    def __init__(self, path: str, index: PacketIndex | None = None) -> None:
        super().__init__(path)
        self._open()
        self.index = index or self._list_packets()
        self.num_frames, self.fps = len(self.index.stamps), self.index.fps

    def __iter__(self) -> Iterator[np.ndarray]:
        """All frames (h, w, 3) from the first on, one in memory at a time."""
        self._reopen()
        try:
            for frame in self._container.decode(self._stream):
                yield self._picture(frame, None)
        except av.FFmpegError as error:
            raise self.fail(f'decoding failed ({error})') from error

    def _open(self) -> None:
        try:
            self._container = av.open(self.path)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self.fail(f'FFmpeg cannot open it ({error})') from error
        if not self._container.streams.video:
            raise self.fail('there is no video in it, only other streams')
        self._stream = self._container.streams.video[0]
        if self._stream.codec_context is None:
            raise self.fail('FFmpeg knows no decoder for it')
        # One thread: workers are the threads.
        self._stream.codec_context.thread_count = 1

    def _list_packets(self) -> PacketIndex:
        packets = []
        try:
            for packet in self._container.demux(self._stream):
                stamp = packet.dts if packet.pts is None else packet.pts
                if packet.size:
                    packets.append((stamp, packet.is_keyframe))
        except av.FFmpegError as error:
            raise self.fail(f'broken container ({error})') from error
        if not packets:
            raise self.fail('it holds no frames')
        stamped = all(stamp is not None for stamp, _ in packets)
        if not stamped:
            packets = [(i, key) for i, (_, key) in enumerate(packets)]
        packets.sort(key=lambda packet: packet[0])
        stamps = np.array([stamp for stamp, _ in packets])
        keys = np.array([key for _, key in packets]).nonzero()[0]
        in_order = self._container.format.name != 'avi' or not (
            self._stream.codec_context.has_b_frames
        )
        seekable = (
            stamped and in_order and len(keys) and (np.diff(stamps) > 0).all()
        )
        fps = self._rate(stamps if stamped else None, len(packets))
        return PacketIndex(stamps, keys, fps, bool(seekable))

    def _rate(self, stamps: np.ndarray | None, count: int) -> float:
        """Frames a second, from the time they take where headers lie."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        claimed = self._stream.frames
        if rate and stamps is not None and claimed not in (0, count):
            # The rate counts dropped frames where the header does.
            span = float((stamps[-1] - stamps[0]) * self._stream.time_base)
            rate = max(count - 1, 1) / span if span else rate
        if not rate:
            raise self.fail('its frame rate is unknown')
        return float(rate)

    def close(self) -> None:
        self._container.close()

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        found = self._collect(
            wanted, lambda i, frame: self._picture(frame, short_side)
        )
        return np.stack([found[i] for i in wanted.tolist()])

    def _collect(self, wanted: np.ndarray, take: Callable) -> dict[int, Any]:
        """What ``take`` makes of each wanted frame, from one pass."""
        try:
            found = {i: take(i, f) for i, f in self._by_stamp(wanted)}
            if len(found) < len(wanted):
                found = {i: take(i, f) for i, f in self._by_count(wanted)}
        except av.FFmpegError as error:
            raise self.fail(f'decoding failed ({error})') from error
        if len(found) < len(wanted):
            missing = next(i for i in wanted.tolist() if i not in found)
            raise self.fail(
                f'frame {missing} of the {self.num_frames} in the container '
                'cannot be decoded'
            )
        return found

    def _by_stamp(self, wanted: np.ndarray) -> Iterator[tuple[int, Any]]:
        """Frames that seeking finds; perhaps not all."""
        stamps, _, _, seekable = self.index
        if not seekable:
            return
        decoder, position = None, -1
        for index in wanted.tolist():
            key = self._key_before(index)
            if decoder is None or key > position:
                decoder = self._decode_from(int(stamps[key]))
            stamp = int(stamps[index])
            for frame in decoder:
                if frame.pts is not None and frame.pts >= stamp:
                    break
            else:
                return
            if frame.pts != stamp:
                return
            yield index, frame
            position = index

    def _key_before(self, index: int) -> int:
        """Frame from which decoding reaches a frame."""
        keys = self.index.keys
        place = np.searchsorted(keys, index, side='right') - 1
        return int(keys[max(place, 0)])

    def _by_count(self, wanted: np.ndarray) -> Iterator[tuple[int, Any]]:
        """The same, decoded from the first frame on."""
        self._reopen()
        needed = set(wanted.tolist())
        frames = self._container.decode(self._stream)
        for index, frame in enumerate(frames):
            if index in needed:
                yield index, frame
            if index >= wanted[-1]:
                break

    def _reopen(self) -> None:
        """Back to the start; a seek may miss frames out of order."""
        self.close()
        self._open()

    def _decode_from(self, stamp: int):
        self._container.seek(stamp, stream=self._stream, backward=True)
        return self._container.decode(self._stream)

    def _picture(self, frame, short_side: int | None) -> np.ndarray:
        height, width = scaled_size(frame.height, frame.width, short_side)
        picture = frame.to_ndarray(
            format='rgb24',
            width=width,
            height=height,
            interpolation='BILINEAR',
        )
        # How far a player must turn it counter-clockwise.
        turns = round(frame.rotation / 90) % 4
        return np.rot90(picture, turns) if turns else picture


class OpenCVReader(VideoReader):
    """OpenCV's own FFmpeg; decodes from the start, applies rotation."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._capture = cv2.VideoCapture(path)
        self.num_frames = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not self._capture.isOpened() or self.num_frames < 1:
            raise self.fail('OpenCV finds no frames in it')
        if not self.fps > 0:
            raise self.fail('its frame rate is unknown')

    def close(self) -> None:
        self._capture.release()

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        frames, needed = [], set(wanted.tolist())
        for index in range(int(wanted[-1]) + 1):
            if not self._capture.grab():
                raise self.fail(
                    f'frame {index} of the {self.num_frames} that the '
                    'container claims cannot be decoded'
                )
            if index in needed:
                picture = self._capture.retrieve()[1]
                frames.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        return scale_frames(np.stack(frames), short_side)


class DecordReader(VideoReader):
    """decord, where it is installed; knows no rotation."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        try:
            self._reader = decord.VideoReader(path, num_threads=1)
        except decord.DECORDError as error:
            raise self.fail(f'decord cannot open it ({error})') from error
        self.num_frames = len(self._reader)
        self.fps = float(self._reader.get_avg_fps())
        if not self.num_frames:
            raise self.fail('it holds no frames')

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        try:
            frames = self._reader.get_batch(wanted.tolist()).asnumpy()
        except decord.DECORDError as error:
            raise self.fail(f'decoding failed ({error})') from error
        return scale_frames(frames, short_side)


class TorchCodecReader(VideoReader):
    """torchcodec, where it is installed."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        try:
            self._decoder = torchcodec.VideoDecoder(
                path, dimension_order='NHWC', num_ffmpeg_threads=1
            )
        except (RuntimeError, ValueError) as error:
            raise self.fail(f'torchcodec cannot open it ({error})') from error
        self.num_frames = int(self._decoder.metadata.num_frames or 0)
        self.fps = float(self._decoder.metadata.average_fps or 0)
        if not self.num_frames or not self.fps:
            raise self.fail('it holds no frames')

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        try:
            batch = self._decoder.get_frames_at(wanted.tolist())
        except (RuntimeError, IndexError) as error:
            raise self.fail(f'decoding failed ({error})') from error
        return scale_frames(batch.data.numpy(), short_side)


READERS = dict(
    pyav=PyAVReader,
    opencv=OpenCVReader,
    decord=DecordReader,
    torchcodec=TorchCodecReader,
)


def check_backend(backend: str) -> str:
    """Return the name of a reader that can be used.

    Raises:
        ValueError: It is unknown.
        PackageMissing: Its library is not installed.
    """
    if backend not in READERS:
        raise ValueError(
            f'backend must be one of {sorted(READERS)}, got {backend!r}'
        )
    if backend in ('decord', 'torchcodec') and find_spec(backend) is None:
        raise PackageMissing(backend, f'backend={backend!r}')
    return backend


class FrameFolderReader(VideoReader):
    """Numbered pictures in a folder, as mmaction2's raw frames.

    Args:
        path (str): The folder.
        num_frames (int): Frames, from a list file.
        template (str): Name of a picture, ``'img_{:05}.jpg'``.
        first (int): Number of the first one.
        fps (float): Frames a second, which no file says.
    """

    def __init__(
        self,
        path: str,
        num_frames: int,
        template: str = 'img_{:05}.jpg',
        first: int = 1,
        fps: float = 30.0,
    ) -> None:
        self.path = path
        self.num_frames, self.fps = num_frames, fps
        self.template, self.first = template, first
        if num_frames < 1:
            raise self.fail('it holds no frames')

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        frames = []
        for index in wanted.tolist():
            name = self.template.format(index + self.first)
            picture = cv2.imread(os.path.join(self.path, name))
            if picture is None:
                raise self.fail(f'{name} is absent or no picture')
            frames.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        return scale_frames(np.stack(frames), short_side)


class ArrayReader(VideoReader):
    """Frames that are in memory, left in their size.

    Args:
        path (str): Name of the video, for messages.
        frames (ndarray): (n, h, w, 3) uint8 RGB.
        fps (float): Frames a second.
    """

    def __init__(
        self, path: str, frames: np.ndarray, fps: float = 30.0
    ) -> None:
        self.path, self.frames = path, frames
        self.num_frames, self.fps = len(frames), fps

    def _read(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        return self.frames[wanted]
