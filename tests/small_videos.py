# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Small videos whose frames can be told apart, written by PyAV."""

import av
import numpy as np


def numbered_frames(count, size=(48, 64)):
    """(count, h, w, 3) uint8; the mean level of frame i is about 5 i + 19."""
    height, width = size
    ramp = np.linspace(0, 15, width).astype(np.uint8)[None, :, None]
    levels = (5 * np.arange(count) + 12).astype(np.uint8)
    frames = levels[:, None, None, None] + ramp
    return np.broadcast_to(frames, (count, height, width, 3)).copy()


def write_video(
    path, frames, fps=30, codec='mpeg4', times=None, rotation=None, **options
):
    """Encode frames; ``times`` in 1 / fps make the rate variable."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.gop_size = 6
        stream.bit_rate = 4_000_000
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for i, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format='rgb24')
            frame.pts = i if times is None else times[i]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path):
    """A file with sound and nothing to see."""
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('aac', rate=16000, layout='mono')
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format='fltp', layout='mono'
        )
        frame.sample_rate = 16000
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def number_of(frame):
    """Which of :func:`numbered_frames` a decoded frame is."""
    return round((float(frame.mean()) - 19) / 5)
