# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which frames of a compressed video make a sample of CMD."""

import numpy as np

from mmssl.datasets.transforms.compressed_reader import reencode_command
from mmssl.datasets.transforms.load_clips import CLIP_STREAM
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.datasets.transforms.video_readers import UnreadableVideo
from mmssl.registry import TRANSFORMS


def negative_window_starts(
    total: int, first: int, length: int, gap: int = 0
) -> np.ndarray:
    """Where windows of the same video that are not the future may begin.

    Args:
        total (int): N, frames of the video.
        first (int): First frame of the future window.
        length (int): Frames of a window.
        gap (int): Frames kept free between a window and the future.

    Returns:
        ndarray: (n,) int64, sorted: windows that end before the future, and
        those that begin after it.
    """
    last = first + length - 1
    before = np.arange(max(first - gap - length + 1, 0))
    # As published, the gap is kept to the end of the video too.
    after = (
        np.arange(last + gap + 1, total - gap - length + 1)
        if last + gap + length <= total - 1
        else np.arange(0)
    )
    return np.concatenate([before, after])


@TRANSFORMS.register_module()
class CompressedClipSample:
    """Choose the frames of a sample of CMD.

    The clip begins anywhere; the future window begins ``interval`` frames
    after its end.  Reads ``num_frames``, ``types`` (a letter for each
    frame), ``path`` or ``filename``, and ``key``; writes ``frame_inds``
    (clip_len,), ``motion_inds`` (1 + neg_num, future_len), the future first,
    and ``iframe_ind``.

    Args:
        clip_len (int): Frames of the clip.
        stride (int): Their distance.
        interval (int): Frames between the clip and the future.
        future_len (int): Frames of a window of motion, one after the other.
        neg_num (int): Windows of other moments, without replacement where
            there are enough.
        gap (int): Frames between the future and those.
        iframe_margin (int): How far the I-frame may lie outside the clip.

    Raises:
        ValueError: A setting outside its range.
        UnreadableVideo: On use, the video is too short, has no I-frame near
            the clip or no other moment.
    """

    def __init__(
        self,
        clip_len: int = 16,
        stride: int = 4,
        interval: int = 2,
        future_len: int = 8,
        neg_num: int = 3,
        gap: int = 0,
        iframe_margin: int = 5,
    ) -> None:
        for name, value, least in (
            ('clip_len', clip_len, 1), ('stride', stride, 1),
            ('interval', interval, 0), ('future_len', future_len, 1),
            ('neg_num', neg_num, 0), ('gap', gap, 0),
            ('iframe_margin', iframe_margin, 0),
        ):  # fmt: skip
            if value < least:
                raise ValueError(f'{name} must be >= {least}, got {value}')
        self.clip_len = clip_len
        self.stride = stride
        self.interval = interval
        self.future_len = future_len
        self.neg_num = neg_num
        self.gap = gap
        self.iframe_margin = iframe_margin

    @property
    def span(self) -> int:
        """Frames from the first to the last of a clip; 61 as published."""
        return (self.clip_len - 1) * self.stride + 1

    @property
    def min_frames(self) -> int:
        """Frames that a video needs; 71 as published."""
        return self.span + self.interval + self.future_len

    def __call__(self, results: dict) -> dict:
        path = results.get('motion_path') or path_of(results)
        rng = view_rng(results.get('key') or random_key(), CLIP_STREAM)
        found = self.choose(results['num_frames'], results['types'], rng, path)
        for name, frames in zip(
            ('frame_inds', 'motion_inds', 'iframe_ind'), found, strict=True
        ):
            results[name] = frames
        return results

    def choose(
        self,
        num_frames: int,
        types: str,
        rng: np.random.Generator,
        path: str = 'the video',
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Frame numbers of clip, windows and I-frame.

        Args:
            num_frames (int): N.
            types (str): 'IPPB...', a letter for each frame.
            rng (Generator): Of all draws.
            path (str): For messages.
        """
        if num_frames < self.min_frames:
            raise UnreadableVideo(
                f'{path}: {num_frames} frames are too few, {self.min_frames} '
                f'are needed: {self.span} of the clip ({self.clip_len} at '
                f'stride {self.stride}), {self.interval} between and '
                f'{self.future_len} of the future; leave the video out, or '
                'lower clip_len or stride of CompressedClipSample'
            )
        start = int(rng.integers(num_frames - self.min_frames + 1))
        end = start + self.span - 1
        first = end + self.interval + 1
        starts = [first, *self._negatives(num_frames, first, rng, path)]
        windows = np.add.outer(starts, np.arange(self.future_len))
        clip = np.arange(start, end + 1, self.stride)
        return clip, windows, self._iframe(types, start, end, rng, path)

    def _negatives(
        self, num_frames: int, first: int, rng: np.random.Generator, path: str
    ) -> list[int]:
        if not self.neg_num:
            return []
        starts = negative_window_starts(
            num_frames, first, self.future_len, self.gap
        )
        if not len(starts):
            raise UnreadableVideo(
                f'{path}: no window of {self.future_len} frames beside the '
                f'future at frame {first} of {num_frames}; leave the video '
                'out, or lower gap or set neg_num=0 of CompressedClipSample'
            )
        few = len(starts) < self.neg_num
        return rng.choice(starts, self.neg_num, replace=few).tolist()

    def _iframe(
        self,
        types: str,
        start: int,
        end: int,
        rng: np.random.Generator,
        path: str,
    ) -> int:
        low = max(0, start - self.iframe_margin)
        high = end + self.iframe_margin
        near = [
            i for i, t in enumerate(types[low : high + 1], low) if t == 'I'
        ]
        if not near:
            count = types.count('I')
            raise UnreadableVideo(
                f'{path}: no I-frame among the frames {low} to {high} '
                f'({count} in all {len(types)}); encode it anew in short '
                f'groups of pictures: {reencode_command(path)}'
            )
        return int(rng.choice(near))


def path_of(results: dict) -> str:
    """Name of the video, ours or mmaction2's."""
    return results['path'] if 'path' in results else results['filename']
