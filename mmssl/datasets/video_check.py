# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Whether a video can be read to its end, and what it is made of."""

import os
from pathlib import Path

import numpy as np

from mmssl.datasets.transforms.video_readers import (
    PyAVReader,
    UnreadableVideo,
)
from mmssl.utils.lazy import OptionalPackage

av = OptionalPackage('av', 'reading videos')


def check_video(path: str | os.PathLike, quick: bool = False) -> dict:
    """Read a video as a data set would.

    Args:
        path (str or PathLike): The file.
        quick (bool): Decode only the first and the last frame.

    Returns:
        dict: ``path``, ``size`` (bytes), ``modified`` (seconds), ``quick``;
        ``problem``: one sentence, '' where there is none; ``notes``: what
        is unusual but handled; and, as far as the file could be read,
        ``codec``, ``frames``, ``fps``, ``width``, ``height``.
    """
    path = os.fspath(path)
    found: dict = dict(path=path, quick=quick, problem='', notes=[])
    try:
        state = os.stat(path)
        found.update(size=state.st_size, modified=state.st_mtime)
        with PyAVReader(path) as reader:
            _describe(path, reader, found)
            if quick:
                reader.read([0, reader.num_frames - 1])
            else:
                _decode_all(path, reader.num_frames)
    except (OSError, UnreadableVideo, av.FFmpegError) as error:
        text = str(error)
        found['problem'] = text if path in text else f'{path}: {text}'
    return found


def _describe(path: str, reader: PyAVReader, found: dict) -> None:
    """Codec, size, rate, and what a careless reader trips over."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        found.update(
            codec=codec.name,
            frames=reader.num_frames,
            fps=round(reader.fps, 3),
            width=codec.width,
            height=codec.height,
        )
        notes = found['notes']
        if stream.frames and stream.frames != reader.num_frames:
            notes.append(
                f'the header claims {stream.frames} frames, '
                f'{reader.num_frames} are there'
            )
        stamps = sorted(
            p.pts for p in container.demux(stream) if p.size and p.pts
        )
        steps = np.unique(np.diff(stamps))
        # Rounding to the container's clock makes neighbours of one step.
        if len(steps) and steps[-1] - steps[0] > 1:
            notes.append('its frame rate varies')
        container.seek(0)
        first = next(container.decode(stream), None)
        if first is not None and first.rotation % 360:
            notes.append(f'players turn it by {first.rotation} degrees')
    if reader.num_frames == 1:
        notes.append('it has a single frame')


def _decode_all(path: str, expected: int) -> None:
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = 'NONE'
        count = sum(1 for _ in container.decode(stream))
    if count != expected:
        raise UnreadableVideo(
            f'{path}: {count} of its {expected} frames can be decoded'
        )


def same_file(known: dict, path: str | Path, quick: bool) -> bool:
    """Whether an earlier result still holds for a file.

    Args:
        known (dict): What :func:`check_video` returned.
        path (str or Path): The file now.
        quick (bool): What is asked for; a whole reading serves both.
    """
    try:
        state = os.stat(path)
    except OSError:
        return False
    same = (known.get('size'), known.get('modified')) == (
        state.st_size, state.st_mtime,
    )  # fmt: skip
    return same and (quick or not known.get('quick'))
