# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which frames of a video make up its clips.

``slowfast/datasets/decoder.py`` of
https://github.com/facebookresearch/SlowFast, whose counts are native frames
and whose ends are inclusive.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

RETRIES = 100


def native_length(
    clip_len: int,
    frame_interval: int,
    fps: float,
    target_fps: float | None = 30.0,
) -> float:
    """Native frames that a clip spans.

    Args:
        clip_len (int): Frames of a clip.
        frame_interval (int): Their distance at the target rate.
        fps (float): Native frames a second.
        target_fps (float, optional): Rate that the interval counts at; None
            counts native frames.
    """
    span = clip_len * frame_interval
    return max(1.0, span if target_fps is None else span / target_fps * fps)


def frame_indices(
    start: float, end: float, clip_len: int, num_frames: int
) -> np.ndarray:
    """Frames spread evenly from start to end, both inclusive.

    Eight frames at interval 8 are 9 apart: both ends of 64 are among them.

    Args:
        start (float): First native frame.
        end (float): Last native frame.
        clip_len (int): T.
        num_frames (int): Frames of the video; indices are cut to it.

    Returns:
        ndarray: (T,) int64.
    """
    spread = np.linspace(start, end, clip_len)
    return np.clip(spread, 0, num_frames - 1).astype(np.int64)


def uniform_clips(
    num_frames: int, num_clips: int, length: float, offset: bool = False
) -> np.ndarray:
    """Clips for testing.

    Clip k starts at (N - L) k / n, so that the last one does not reach the
    end, as published.  With an offset the starts are whole steps of
    floor((N - L) / (n - 1)), a single clip lies in the middle.

    Returns:
        ndarray: (n, 2) float64, start and end.
    """
    room = max(num_frames - length, 0)
    numbers = np.arange(num_clips)
    if not offset:
        starts = room * numbers / num_clips
    elif num_clips == 1:
        starts = np.array([room // 2])
    else:
        starts = room // (num_clips - 1) * numbers
    return np.stack([starts, starts + length - 1], axis=1)


def random_clips(
    num_frames: int,
    num_clips: int,
    length: float,
    uniform: Callable[[float, float], float],
    min_gap: float = -math.inf,
    max_gap: float = math.inf,
) -> np.ndarray:
    """Clips at random times whose gaps keep to limits, if they can.

    Clips are drawn one after the other.  A draw after which the gaps
    between neighbours, start less the end before (negative: overlap), are
    outside the limits is drawn again, up to 100 times, then kept; the whole
    set is drawn up to 100 times, and the one of the smallest violation is
    taken.

    Args:
        num_frames (int): N.
        num_clips (int): Clips wanted, >= 1.
        length (float): Native frames of a clip.
        uniform (Callable): Draws a number between two.
        min_gap (float): Least gap, native frames.
        max_gap (float): Greatest gap, native frames.

    Returns:
        ndarray: (num_clips, 2) float64, start and end, sorted by time.
    """
    room = max(num_frames - length, 0)
    best, least = None, math.inf
    for _ in range(RETRIES):
        starts: list[float] = []
        for _ in range(num_clips):
            for _ in range(RETRIES):
                drawn = sorted([*starts, uniform(0, room)])
                if not violation(drawn, length, min_gap, max_gap):
                    break
            starts = drawn
        amount = violation(starts, length, min_gap, max_gap)
        if best is None or amount < least:
            best, least = starts, amount
        if not amount:
            break
    starts = np.array(best)
    return np.stack([starts, starts + length - 1], axis=1)


def violation(
    starts: list[float], length: float, min_gap: float, max_gap: float
) -> float:
    """Frames by which the gaps of sorted clips miss the limits, summed."""
    missed = 0.0
    for first, second in pairwise(starts):
        gap = second - (first + length - 1)
        missed += max(min_gap - gap, gap - max_gap, 0.0)
    return missed
