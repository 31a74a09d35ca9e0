# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From the name of a video to its clips."""

import math

import numpy as np

from mmssl.datasets.transforms.clip_sampling import (
    frame_indices,
    native_length,
    random_clips,
    uniform_clips,
)
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.datasets.transforms.video_readers import (
    READERS,
    ArrayReader,
    FrameFolderReader,
    UnreadableVideo,
    VideoReader,
    check_backend,
)
from mmssl.registry import TRANSFORMS

GAP_UNITS = ('frames', 'seconds')
CLIP_STREAM = 2**20  # no view has this number


@TRANSFORMS.register_module()
class LoadClips:
    """Choose clips of a video and decode their frames, each frame once.

    Reads ``path``, or ``frames`` (settings of a folder of pictures), or
    ``video`` (a drawn one, (n, h, w, 3) uint8 RGB), and ``key``; writes
    ``clips``: list of (t, h, w, 3) uint8 RGB, ``clip_frames``:
    (num_clips, t) int64, native frame numbers, ``num_frames`` and ``fps``.

    Args:
        num_clips (int): rho, clips of a video.
        clip_len (int): T, frames of a clip.
        frame_interval (int): Their distance at the target rate; what the
            frames span is inclusive of both ends, :func:`frame_indices`.
        target_fps (float, optional): Rate that the interval counts at; None
            counts native frames.
        sampling (str): 'random' times, 'uniform' ones for testing, or
            'offset', :func:`uniform_clips`.
        min_gap (float): Least gap of neighbouring clips, negative for an
            overlap; see :func:`random_clips`.
        max_gap (float): Greatest gap; limits the time that clips span.
        gap_unit (str): 'frames', native ones, or 'seconds'.
        shuffle (bool): Random clips in random order, not in that of time.
        short_side (int, optional): Length of the shorter side, pixels.
        min_frames (int): A video of fewer frames is too short to be used;
            one of fewer than a clip repeats its last frame.
        backend (str): 'pyav', 'opencv', 'decord' or 'torchcodec'.
        cache (bool): Keep the frames of every video that was read, whole,
            in the memory of each worker; for small data sets.

    Raises:
        ValueError: A setting outside its range, or a backend that is not
            installed.
        UnreadableVideo: On use, the video is broken or too short.
    """

    def __init__(
        self,
        num_clips: int = 2,
        clip_len: int = 8,
        frame_interval: int = 8,
        target_fps: float | None = 30.0,
        sampling: str = 'random',
        min_gap: float = -math.inf,
        max_gap: float = math.inf,
        gap_unit: str = 'frames',
        shuffle: bool = True,
        short_side: int | None = 256,
        min_frames: int = 2,
        backend: str = 'pyav',
        cache: bool = False,
    ) -> None:
        for name, value in dict(
            num_clips=num_clips,
            clip_len=clip_len,
            frame_interval=frame_interval,
            min_frames=min_frames,
        ).items():
            if value < 1:
                raise ValueError(f'{name} must be >= 1, got {value}')
        if min_gap > max_gap:
            raise ValueError(
                f'min_gap must be <= max_gap, got {min_gap} and {max_gap}'
            )
        if gap_unit not in GAP_UNITS or sampling not in (
            'random', 'uniform', 'offset',
        ):  # fmt: skip
            raise ValueError(
                "sampling must be 'random', 'uniform' or 'offset' and "
                f'gap_unit in {GAP_UNITS}, got {sampling!r} and {gap_unit!r}'
            )
        self.num_clips = num_clips
        self.clip_len = clip_len
        self.frame_interval = frame_interval
        self.target_fps = target_fps
        self.sampling = sampling
        self.gaps = (min_gap, max_gap)
        self.gap_unit = gap_unit
        self.shuffle = shuffle
        self.short_side = short_side
        self.min_frames = min_frames
        self.reader = READERS[check_backend(backend)]
        self.cache: dict[str, tuple] | None = {} if cache else None

    def __call__(self, results: dict) -> dict:
        with self.open(results) as reader:
            if reader.num_frames < self.min_frames:
                raise UnreadableVideo(
                    f'{reader.path}: too short, {reader.num_frames} '
                    f'frame(s) where at least {self.min_frames} are needed'
                )
            key = results.get('key') or random_key()
            rng = view_rng(key, CLIP_STREAM)
            indices = self.choose(reader.num_frames, reader.fps, rng)
            frames = reader.read(indices.ravel(), self.short_side)
        frames = frames.reshape(*indices.shape, *frames.shape[1:])
        results['clips'] = list(frames)
        results['clip_frames'] = indices
        results['num_frames'] = reader.num_frames
        results['fps'] = reader.fps
        return results

    def open(self, results: dict) -> VideoReader:
        """A reader of the video, from memory if it is there."""
        path = results['path']
        if self.cache is None:
            return self._open_file(results)
        if path not in self.cache:
            with self._open_file(results) as reader:
                every = np.arange(reader.num_frames)
                frames = reader.read(every, self.short_side)
                self.cache[path] = frames, reader.fps
        return ArrayReader(path, *self.cache[path])

    def _open_file(self, results: dict) -> VideoReader:
        if 'video' in results:
            return ArrayReader(results['path'], results.pop('video'))
        if 'frames' in results:
            return FrameFolderReader(results['path'], **results['frames'])
        return self.reader(results['path'])

    def choose(
        self, num_frames: int, fps: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Frames of each clip.

        Args:
            num_frames (int): Frames of the video.
            fps (float): Native frames a second.
            rng (Generator): Used by random sampling alone.

        Returns:
            ndarray: (num_clips, clip_len) int64.
        """
        length = native_length(
            self.clip_len, self.frame_interval, fps, self.target_fps
        )
        if self.sampling == 'random':
            unit = fps if self.gap_unit == 'seconds' else 1.0
            clips = random_clips(
                num_frames,
                self.num_clips,
                length,
                rng.uniform,
                *(gap * unit for gap in self.gaps),
            )
            if self.shuffle:
                clips = rng.permutation(clips)
        else:
            clips = uniform_clips(
                num_frames,
                self.num_clips,
                length,
                offset=self.sampling == 'offset',
            )
        return np.stack(
            [
                frame_indices(start, end, self.clip_len, num_frames)
                for start, end in clips
            ]
        )
