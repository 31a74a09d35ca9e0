# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Clips as rows of frames: those of a sample, a query and what was found."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mmssl.visualization.neighbours import shorten, show_picture
from mmssl.visualization.style import (
    BAD,
    GOOD,
    GRID,
    INK,
    MUTED,
    PAPER,
    bare,
    colour,
)

MOST_FRAMES = 8
SIDE = 0.95  # inches of a frame's width


class ClipRow(NamedTuple):
    """One row of a sheet.

    Attributes:
        title (str): At the left, lines divided by line breaks.
        frames (ndarray): (t, h, w, 3) uint8 RGB.
        colour (str): Of the frames' borders.
        broken (bool): Their borders are dashed.
        span (tuple[int, int] or None): First and last native frame.
    """

    title: str
    frames: np.ndarray
    colour: str = MUTED
    broken: bool = False
    span: tuple[int, int] | None = None


def clip_figure(
    rows: Sequence[ClipRow], title: str = '', num_frames: int | None = None
) -> Figure:
    """A contact sheet: one clip a row, eight of its frames or all.

    Args:
        rows (Sequence[ClipRow]): Clips.
        title (str): Above the sheet.
        num_frames (int, optional): Length of the video; where rows have
            spans a line above shows where in it they lie.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: No row, or a clip without frames.
    """
    if not rows or any(not len(row.frames) for row in rows):
        raise ValueError('a sheet needs clips, and each at least one frame')
    chosen = [_evenly(row.frames) for row in rows]
    columns = max(map(len, chosen))
    shapes = [frames[0].shape[0] / frames[0].shape[1] for frames in chosen]
    spans = num_frames is not None and any(row.span for row in rows)
    letters = max(
        (len(line) for row in rows for line in row.title.split('\n')),
        default=0,
    )
    room = 0.3 + 0.068 * letters
    line = 0.3 + 0.07 * len(rows) if spans else 0.0
    height = sum(SIDE * shape + 0.06 for shape in shapes) + line + 0.4
    figure = Figure(
        (room + columns * SIDE + 0.1, height),
        facecolor=PAPER,
        layout='constrained',
    )
    figure.get_layout_engine().set(
        w_pad=0.015, h_pad=0.02, wspace=0, hspace=0
    )  # fmt: skip
    figure.suptitle(
        title, x=0.01, ha='left', fontsize=9, fontweight='bold', color=INK
    )
    grid = figure.add_gridspec(
        len(rows) + spans,
        columns,
        height_ratios=([line / SIDE] if spans else []) + shapes,
    )
    if spans:
        _draw_time(figure.add_subplot(grid[0, :]), rows, num_frames)
    for number, (row, frames) in enumerate(zip(rows, chosen, strict=True)):
        for place, frame in enumerate(frames):
            axis = figure.add_subplot(grid[number + spans, place])
            show_picture(axis, frame, row.colour, row.broken)
            if place == 0:
                axis.set_ylabel(
                    row.title, rotation=0, ha='right', va='center',
                    fontsize=7, color=INK, labelpad=4,
                )  # fmt: skip
    return figure


def _draw_time(axis, rows: Sequence[ClipRow], num_frames: int) -> None:
    """Where in the video each clip lies."""
    bare(axis)
    for number, row in enumerate(rows):
        if row.span is None:
            continue
        first, last = row.span
        axis.plot([0, num_frames - 1], [-number] * 2, color=GRID, linewidth=1)
        axis.plot(
            [first, last], [-number] * 2, color=row.colour, linewidth=3.5,
            solid_capstyle='butt',
        )  # fmt: skip
    axis.set_xlim(-0.5, num_frames - 0.5)
    axis.set_ylim(-len(rows) + 0.3, 0.7)
    axis.set_xticks([0, num_frames - 1])
    axis.tick_params(length=0, labelsize=7, labelcolor=MUTED, pad=1)


def _evenly(frames: np.ndarray) -> np.ndarray:
    """Eight frames from the first to the last, or all."""
    count = min(MOST_FRAMES, len(frames))
    places = np.linspace(0, len(frames) - 1, count).round().astype(int)
    return frames[places]


def sample_rows(
    clips: Sequence[np.ndarray],
    clip_frames: np.ndarray | None = None,
    names: Sequence[str] | None = None,
) -> list[ClipRow]:
    """Rows of the clips of one sample, each in a colour of its own.

    Args:
        clips (Sequence[ndarray]): v times (t, h, w, 3) uint8 RGB.
        clip_frames (ndarray, optional): (rho, t) native frame numbers; view
            v is cut from clip v modulo rho.
        names (Sequence[str], optional): v names, else 'clip 1' and so on.
    """
    rows = []
    for number, clip in enumerate(clips):
        text = names[number] if names else f'clip {number + 1}'
        span = None
        if clip_frames is not None:
            frames = clip_frames[number % len(clip_frames)]
            span = int(frames.min()), int(frames.max())
            text += f'\n{span[0]} to {span[1]}'
        rows.append(ClipRow(text, clip, colour(number), span=span))
    return rows


def retrieval_figure(
    query: np.ndarray,
    found: Sequence[np.ndarray],
    query_name: str = '',
    names: Sequence[str] = (),
    correct: Sequence[bool] | None = None,
) -> Figure:
    """A query and the clips that its features find, the nearest first.

    Args:
        query (ndarray): (t, h, w, 3) uint8 RGB.
        found (Sequence[ndarray]): k clips.
        query_name (str): Class of the query.
        names (Sequence[str]): k classes.
        correct (Sequence[bool], optional): k: blue borders where the class
            agrees, dashed orange ones where it does not; None draws grey.

    Returns:
        Figure: Not saved yet.
    """
    rows = [ClipRow(f'query\n{shorten(query_name)}', query, INK)]
    for place, clip in enumerate(found):
        text = f'{place + 1}'
        if names:
            text += f'\n{shorten(names[place])}'
        agrees = None if correct is None else bool(correct[place])
        if agrees is not None:
            text += '\nright' if agrees else '\nwrong'
        edge = MUTED if agrees is None else GOOD if agrees else BAD
        rows.append(ClipRow(text, clip, edge, agrees is False))
    return clip_figure(rows)
