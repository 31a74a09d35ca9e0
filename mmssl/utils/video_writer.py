# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Frames, or another video, to a video file, by PyAV."""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from mmssl.utils.errors import UsageError
from mmssl.utils.files import atomic_path
from mmssl.utils.lazy import OptionalPackage

av = OptionalPackage('av', 'writing videos')

SHORT_GROUPS = dict(
    mpeg4=('mpeg4', dict(bf='0')),
    h264=('libx264', dict(bf='0', refs='1', sc_threshold='0')),
)
"""Encoder and options for groups without B-frames, by codec."""


def write_video(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    rate: float = 25.0,
    codec: str = 'libx264',
    gop: int | None = None,
) -> int:
    """Write a video, as it stands an H.264 file that browsers play.

    Args:
        path (str or PathLike): Ends with .mp4.
        frames (Iterable[ndarray]): (h, w, 3) uint8 RGB, all of one size; an
            odd last row or column is cut off, which the format asks for.
        rate (float): Frames a second, > 0.
        codec (str): Name of FFmpeg's encoder.
        gop (int, optional): Frames from one I-frame to the next, then also
            without B-frames; None is the encoder's own way.

    Returns:
        int: Number of frames.

    Raises:
        ValueError: There are no frames.
    """
    count = 0
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), 'w', format='mp4') as container,
    ):
        stream = container.add_stream(
            codec,
            rate=Fraction(rate).limit_denominator(1000),
            options={} if gop is None else dict(g=str(gop), bf='0'),
        )
        stream.pix_fmt = 'yuv420p'
        for frame in frames:
            height, width = (side // 2 * 2 for side in frame.shape[:2])
            if not count:
                stream.height, stream.width = height, width
            frame = np.ascontiguousarray(frame[:height, :width])
            picture = av.VideoFrame.from_ndarray(frame, format='rgb24')
            container.mux(stream.encode(picture))
            count += 1
        if not count:
            raise ValueError(f'no frames to write to {path}')
        container.mux(stream.encode())
    return count


def reencode_video(
    source: str | os.PathLike,
    target: str | os.PathLike,
    codec: str = 'mpeg4',
    gop: int = 12,
    short_side: int | None = None,
    bit_rate: int | None = None,
) -> int:
    """Encode a video anew in short groups without B-frames, atomically.

    Every vector then points to the picture before.  Sound is left out;
    pictures that players turn are turned; frames are counted evenly, so a
    variable rate becomes a constant one with as many frames.  A file that is
    cut off is read up to its first broken frame.

    Args:
        source (str or PathLike): Any video that FFmpeg decodes.
        target (str or PathLike): Ends with .mp4.
        codec (str): 'mpeg4', Part 2 as CMD has it, or 'h264'.
        gop (int): Frames from one I-frame to the next, >= 1.
        short_side (int, optional): Length to scale to, pixels; None keeps
            the size, less an odd last row or column.
        bit_rate (int, optional): Bits a second; None is the encoder's own.

    Returns:
        int: Frames written.

    Raises:
        UsageError: The source cannot be opened or holds no whole frame.
    """
    try:
        reader = av.open(str(source))
    except (av.FFmpegError, OSError) as error:
        raise UsageError(f'{source} cannot be read: {error}') from error
    encoder, options = SHORT_GROUPS[codec]
    if not reader.streams.video:
        raise UsageError(f'{source} has no video stream')
    rate = reader.streams.video[0].average_rate or Fraction(25)
    count = 0
    with (
        reader,
        atomic_path(target) as temporary,
        av.open(str(temporary), 'w', format='mp4') as container,
    ):
        stream = container.add_stream(
            encoder, rate=rate, options=dict(options, g=str(gop))
        )
        stream.pix_fmt = 'yuv420p'
        if bit_rate:
            stream.bit_rate = bit_rate
        for frame in _whole_frames(reader):
            if not count:
                size = _even_size(frame.height, frame.width, short_side)
                stream.height, stream.width = size
            frame = frame.reformat(
                stream.width, stream.height, 'yuv420p',
                interpolation='BICUBIC',
            )  # fmt: skip
            frame.pict_type = 0  # the encoder's own choice
            frame.pts, frame.time_base = count, 1 / rate
            container.mux(stream.encode(frame))
            count += 1
        if not count:
            raise UsageError(f'{source} holds no frame that can be decoded')
        container.mux(stream.encode())
    return count


def _whole_frames(reader) -> Iterator:
    """Upright frames up to the first broken one."""
    try:
        for frame in reader.decode(video=0):
            if frame.is_corrupt:
                return
            turns = round(frame.rotation / 90) % 4
            if turns:
                picture = np.rot90(frame.to_ndarray(format='rgb24'), turns)
                frame = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(picture), format='rgb24'
                )
            yield frame
    except av.FFmpegError:
        return


def _even_size(
    height: int, width: int, short_side: int | None
) -> tuple[int, int]:
    short = min(height, width)
    scale = 1 if short_side is None else short_side / short
    return tuple(int(side * scale) // 2 * 2 for side in (height, width))
