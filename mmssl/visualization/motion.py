# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Motion vectors over frames, and what is expected against what came."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmssl.visualization.style import GRID, INK, MUTED, bare, new_figure

ARROW = '#ffd23f'  # seen on dark and on light


def motion_colours(motion: np.ndarray, limit: float | None = None):
    """The colour wheel: direction is the hue, length the saturation.

    Args:
        motion (ndarray): (..., h, w, 2), (x, y), y downwards.
        limit (float, optional): Length of the full colour, pixels; None is
            the longest vector.

    Returns:
        ndarray: (..., h, w, 3) uint8 RGB; white where nothing moves, red to
        the right, and on by way of yellow downwards.
    """
    x, y = motion[..., 0].astype(np.float32), motion[..., 1]
    length = np.hypot(x, y)
    limit = limit or max(float(length.max()), 1e-6)
    hue = np.degrees(np.arctan2(y, x)) % 360
    share = np.minimum(length / limit, 1)
    full = np.ones_like(share)
    hsv = np.stack([hue, share, full], -1).astype(np.float32)
    rows = hsv.reshape(-1, hsv.shape[-2], 3)  # all pictures as one
    colours = cv2.cvtColor(rows, cv2.COLOR_HSV2RGB).reshape(hsv.shape)
    return np.rint(255 * colours).astype(np.uint8)


def motion_figure(
    frames: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    titles: Sequence[str],
    step: int | None = None,
    limit: float | None = None,
) -> Figure:
    """Frames with arrows above, colour wheels below.

    Args:
        frames (Sequence[ndarray]): n pictures (h, w, 3) uint8 RGB.
        maps (Sequence[ndarray]): n maps (h, w, 2); arrows end where the
            content is now and begin where it was, five times as long.
        titles (Sequence[str]): n.
        step (int, optional): Pixels between arrows; None gives about twenty
            in a row.
        limit (float, optional): See :func:`motion_colours`; None is the
            longest vector of all maps.

    Returns:
        Figure: Not saved yet.

    Raises:
        ValueError: Not as many frames, maps and titles, or none.
    """
    if not frames or not len(frames) == len(maps) == len(titles):
        raise ValueError(
            'a figure of motion needs as many frames, maps and titles, got '
            f'{len(frames)}, {len(maps)} and {len(titles)}'
        )
    longest = max(float(np.hypot(*np.moveaxis(m, -1, 0)).max()) for m in maps)
    limit = limit or max(longest, 1e-6)
    height, width = frames[0].shape[:2]
    ratio = height / width
    step = step or 16 * max(1, round(width / 320))
    figure, axes = new_figure(
        2.5 * len(frames) + 0.9, 5 * ratio + 0.4, 2, len(frames) + 1,
        width_ratios=[1] * len(frames) + [0.36],
    )  # fmt: skip
    for number, (frame, motion, title) in enumerate(
        zip(frames, maps, titles, strict=True)
    ):
        above, below = axes[number], axes[number + len(frames) + 1]
        for axis, picture in (
            (above, frame), (below, motion_colours(motion, limit)),
        ):  # fmt: skip
            bare(axis)
            axis.imshow(picture, interpolation='nearest')
        # Nothing that moves is white, like the paper.
        below.add_patch(
            Rectangle(
                (-0.5, -0.5), width, height, fill=False, edgecolor=GRID,
                linewidth=1.2,
            )
        )  # fmt: skip
        above.set_title(title, loc='left', fontsize=8, color=INK, pad=3)
        y, x = np.mgrid[
            step // 2 : motion.shape[0] : step,
            step // 2 : motion.shape[1] : step,
        ]
        vectors = motion[y, x].astype(float)
        moving = vectors.any(-1)
        above.quiver(
            x[moving], y[moving], *(5 * vectors[moving].T), color=ARROW,
            angles='xy', scale_units='xy', scale=1, pivot='tip', width=0.006,
            headwidth=4,
        )  # fmt: skip
    _wheel(axes[len(frames)], limit)
    axes[-1].set_axis_off()
    return figure


def _wheel(axis, limit: float) -> None:
    """The legend: all directions up to the limit."""
    bare(axis)
    side = np.linspace(-1, 1, 101)
    disc = np.stack(np.meshgrid(side, side), -1)
    picture = motion_colours(disc, 1.0)
    picture[np.hypot(*np.moveaxis(disc, -1, 0)) > 1] = 255
    axis.imshow(picture)
    axis.set_title(
        f'radius {limit:.0f} pixels\na frame', fontsize=7, color=MUTED, pad=3
    )


def expectation_figure(
    similarity: np.ndarray, windows: int, titles: Sequence[str] = ()
) -> Figure:
    """Expected motion of each clip against the motion of each window.

    Args:
        similarity (ndarray): (b, windows b): mean cosine over cells of the
            expectation of b clips with their b true futures, then with b
            windows of other moments, and so on.
        windows (int): Windows of a sample.
        titles (Sequence[str]): b names of the clips.

    Returns:
        Figure: Not saved yet; a dot marks the best window of a clip.
    """
    count = len(similarity)
    side = max(2.4, 0.16 * count)
    figure, axes = new_figure(
        side * windows + 1.6, side + 0.5, 1, windows + 1,
        width_ratios=[1] * windows + [0.05],
    )  # fmt: skip
    low, high = float(similarity.min()), float(similarity.max())
    best = similarity.argmax(1)
    for number in range(windows):
        axis = axes[number]
        bare(axis)
        part = similarity[:, number * count : (number + 1) * count]
        image = axis.imshow(part, vmin=low, vmax=high, cmap='viridis')
        rows = np.flatnonzero(best // count == number)
        axis.scatter(
            best[rows] % count, rows, s=12, facecolors='#ff4d4d',
            edgecolors='white', linewidths=0.6,
        )  # fmt: skip
        title = 'true future' if number == 0 else f'other moment {number}'
        axis.set_title(title, loc='left', fontsize=8, color=INK, pad=3)
        axis.set_xlabel('window of clip', fontsize=7, color=MUTED)
    axes[0].set_ylabel('expected from clip', fontsize=7, color=MUTED)
    if titles:
        axes[0].set_yticks(range(count), titles, fontsize=5, color=MUTED)
    figure.colorbar(image, cax=axes[-1])
    axes[-1].tick_params(labelsize=7, colors=MUTED)
    return figure
