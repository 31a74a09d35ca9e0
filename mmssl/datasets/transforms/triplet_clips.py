# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""DSM's three clips of a video: anchor, positive, negative.

The positive shows the frames of the anchor, the negative others: another
moment, or the anchor's with their order or their flow disturbed.  Rules of
``src/data/dataset.py`` of
https://github.com/FingerRec/DSM-decoupling-scene-motion, which counts frames
from 1.
"""

import numpy as np

from mmssl.datasets.transforms.load_clips import CLIP_STREAM, LoadClips
from mmssl.datasets.transforms.multi_view import random_key, view_rng
from mmssl.registry import TRANSFORMS

NEGATIVES = ('shift', 'decoded', 'same', 'none')
EDITS = ('insert_swap', 'reverse')


def frame_walk(
    frames: int, start: int, stride: int, length: int
) -> np.ndarray:
    """Frames of a clip; behind the end the first frame follows.

    Args:
        frames (int): n, frames are numbered 1 to n.
        start (int): First frame, from 1.
        stride (int): s.
        length (int): T.

    Returns:
        ndarray: (T,) int64, numbers from 1.
    """
    walk = []
    for _ in range(length):
        walk.append(start)
        start = start + stride if start < frames - stride + 1 else 1
    return np.array(walk, dtype=np.int64)


def draw_start(frames: int, span: int, rng: np.random.Generator) -> int:
    """A start, from 1, whose clip fits if any does.

    Args:
        frames (int): n.
        span (int): Frames that a clip covers.
        rng (Generator): Gives one number.
    """
    return 1 + int(rng.integers(max(frames - span, 0) + 1))


def shifted_start(frames: int, anchor: int, drawn: int) -> int:
    """Start of the negative: what was drawn, if it is not the anchor's.

    A start nearer than 2 frames is moved by a third of the video.

    Args:
        frames (int): n.
        anchor (int): Start of the anchor, from 1.
        drawn (int): Start drawn for the negative, from 1.
    """
    if abs(drawn - anchor) < 2:
        drawn = (drawn + frames // 3) % frames
    return max(drawn, 1)


@TRANSFORMS.register_module()
class LoadTriplet(LoadClips):
    """Anchor, positive and negative of a video, decoded at once.

    Reads and writes what :class:`LoadClips` does, with three ``clips``:
    views cut from the first two are disturbed on their own but show the same
    frames.  In a short video the walk wraps and the negative shares many
    frames with the anchor; ``clip_frames`` lets the method count them.

    Args:
        clip_len (int): T, frames of a clip.
        frame_interval (int): s, native frames from one to the next.
        negative (str): 'shift': another start, :func:`shifted_start`;
            'decoded': the rule for Kinetics, up to four draws until the
            start is 4 frames away, then moved on by up to two thirds of the
            video; 'same': the anchor's frames, for a transform behind this
            one to disturb; 'none': two clips, for a control.
        span_len (int, optional): Frames, times s, that a start leaves room
            for; None is T.  The authors' code says 32 whatever T is.
        **kwargs: ``short_side``, ``min_frames``, ``backend`` and ``cache``,
            see :class:`LoadClips`.

    Raises:
        ValueError: A setting outside its range.
        UnreadableVideo: On use, the video is broken or has fewer than 2
            frames.
    """

    def __init__(
        self,
        clip_len: int = 16,
        frame_interval: int = 4,
        negative: str = 'shift',
        span_len: int | None = None,
        **kwargs,
    ) -> None:
        super().__init__(
            num_clips=2 if negative == 'none' else 3,
            clip_len=clip_len,
            frame_interval=frame_interval,
            target_fps=None,
            **kwargs,
        )
        if negative not in NEGATIVES:
            raise ValueError(
                f'negative must be in {NEGATIVES}, got {negative!r}'
            )
        if self.min_frames < 2:
            raise ValueError(
                f'min_frames must be >= 2, got {self.min_frames}: the last '
                'frame of a video is never taken'
            )
        self.negative = negative
        self.span = (span_len or clip_len) * frame_interval

    def choose(
        self, num_frames: int, fps: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Frames of the clips, (3, T) int64, numbers from 0."""
        frames = num_frames - 1  # the authors' lists count one less
        anchor = draw_start(frames, self.span, rng)
        starts = [anchor, anchor]
        if self.negative != 'none':
            starts.append(self._other(frames, anchor, rng))
        walks = [
            frame_walk(frames, start, self.frame_interval, self.clip_len)
            for start in starts
        ]
        return np.stack(walks) - 1

    def _other(
        self, frames: int, anchor: int, rng: np.random.Generator
    ) -> int:
        if self.negative == 'same':
            return anchor
        drawn = draw_start(frames, self.span, rng)
        if self.negative == 'shift':
            return shifted_start(frames, anchor, drawn)
        for _ in range(3):
            if abs(drawn - anchor) >= 4:
                break
            drawn = draw_start(frames, self.span, rng)
        most = max(frames // 8, 2 * (frames // 3), 1)
        return max((drawn + int(rng.integers(most))) % frames, 1)


def insert_frame(order: np.ndarray, place: int) -> np.ndarray:
    """Show a frame twice; the rest moves on and the last is lost."""
    return np.insert(order, place, order[place])[: len(order)]


def swap_frames(order: np.ndarray, one: int, other: int) -> np.ndarray:
    """Two frames in each other's place.

    The authors' code swaps views of one array, and so shows one frame twice
    and loses the other.
    """
    order = order.copy()
    order[[one, other]] = order[[other, one]]
    return order


@TRANSFORMS.register_module()
class TemporalEdit:
    """Disturb the time of one of the clips, after :class:`LoadTriplet`.

    Reads ``clips``, ``clip_frames`` and ``key``; replaces one of the clips.

    Args:
        mode (str): 'insert_swap': rounds of random insertions, then of
            random swaps; 'reverse': play backwards.
        share (float): Insertions, and swaps, of a round, as a share of the
            frames; at least one.
        rounds (int): Rounds.
        clip (int): Number of the clip; 2 is the negative.

    Raises:
        ValueError: A setting outside its range.
    """

    def __init__(
        self,
        mode: str = 'insert_swap',
        share: float = 0.1,
        rounds: int = 2,
        clip: int = 2,
    ) -> None:
        if mode not in EDITS or not 0 < share <= 1 or rounds < 1:
            raise ValueError(
                f'mode must be in {EDITS}, share in (0, 1] and rounds >= 1, '
                f'got {mode!r}, {share} and {rounds}'
            )
        self.mode = mode
        self.share = share
        self.rounds = rounds
        self.clip = clip

    def __call__(self, results: dict) -> dict:
        key = results.get('key') or random_key()
        rng = view_rng(key, CLIP_STREAM + 1)
        clip = results['clips'][self.clip]
        order = self.order(len(clip), rng)
        results['clips'][self.clip] = clip[order]
        frames = results['clip_frames'].copy()
        frames[self.clip] = frames[self.clip][order]
        results['clip_frames'] = frames
        return results

    def order(self, length: int, rng: np.random.Generator) -> np.ndarray:
        """The new order of frames, (T,) int64.

        Args:
            length (int): T.
            rng (Generator): Not used by 'reverse'.
        """
        order = np.arange(length)
        if self.mode == 'reverse':
            return order[::-1]
        edits = max(1, int(self.share * length))
        for _ in range(self.rounds):
            for place in rng.integers(length, size=edits):
                order = insert_frame(order, place)
            for one, other in rng.integers(length, size=(edits, 2)):
                order = swap_frames(order, one, other)
        return order
