# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Frames to a video file, by PyAV."""

import os
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from mmssl.utils.files import atomic_path


def write_video(
    path: str | os.PathLike, frames: Iterable[np.ndarray], rate: float = 25.0
) -> int:
    """Write an H.264 file that browsers play, atomically.

    Args:
        path (str or PathLike): Ends with .mp4.
        frames (Iterable[ndarray]): (h, w, 3) uint8 RGB, all of one size; an
            odd last row or column is cut off, which the format asks for.
        rate (float): Frames a second, > 0.

    Returns:
        int: Number of frames.

    Raises:
        ValueError: There are no frames.
    """
    import av

    count = 0
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), 'w', format='mp4') as container,
    ):
        stream = container.add_stream(
            'libx264', rate=Fraction(rate).limit_denominator(1000)
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
